// Chance, and exhaustive search, for property tests.
#pragma once

#include <bit>
#include <random>
#include <vector>

#include <actimanager/core/cpu_set.hpp>

namespace actimanager::allocator::testing {

inline int pick(std::mt19937& random, int low, int high) {
  return std::uniform_int_distribution(low, high)(random);
}

// Whether `holds` of any subset of so many CPUs, added to `base`. 2^n subsets are looked at.
template <class Holds>
bool any_subset(const CpuSet& of, int size, const CpuSet& base, Holds holds) {
  const std::vector<CpuId> cpus(of.begin(), of.end());
  for (unsigned mask = 0; mask < 1U << cpus.size(); ++mask) {
    if (std::popcount(mask) != size) continue;
    CpuSet set = base;
    for (std::size_t i = 0; i < cpus.size(); ++i) {
      if ((mask >> i & 1) != 0) set.insert(cpus[i]);
    }
    if (holds(set)) return true;
  }
  return false;
}

}  // namespace actimanager::allocator::testing

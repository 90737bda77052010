// Which of its CPUs a Pod gives back: whole units where its level takes whole ones, then the farthest from
// the rest; a spread stays even.
#include <algorithm>
#include <numeric>

#include "choice.hpp"
#include "resizing.hpp"

namespace actimanager::allocator {
namespace {

using api::ExclusivenessLevel;

// Of the parts that have some of `kept`, the one with the fewest; the last of equals.
template <class Parts>
CpuSet smallest_part(const Parts& parts, const CpuSet& kept) {
  CpuSet smallest;
  for (const auto& part : parts) {
    CpuSet own = part & kept;
    if (!own.empty() && (smallest.empty() || own.size() <= smallest.size())) smallest = std::move(own);
  }
  return smallest.empty() ? kept : smallest;
}

std::vector<CpuSet> sets_of(const auto& parts) {
  std::vector<CpuSet> sets;
  for (const auto& part : parts) sets.push_back(part.cpus);
  return sets;
}

// The fewest sockets (NUMA nodes) that hold `count` of `kept`: the rest is free for others at once.
CpuSet within_fewest(const std::vector<CpuSet>& units, const CpuSet& kept, int count) {
  std::vector<std::size_t> order(units.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](std::size_t i) { return std::pair(-units[i].count_common(kept), i); });
  CpuSet within;
  for (const auto i : order) {
    if (within.size() < count) within |= units[i] & kept;
  }
  return within.size() < count ? kept : within;  // some are in no unit
}

// The core that gives next: at level core one that is soonest given up whole, else one with siblings.
CpuSet giving_core(const topology::Topology& topology, const CpuSet& kept, bool whole_cores_first) {
  const auto cores = sets_of(topology.cores());
  if (whole_cores_first) return smallest_part(cores, kept);
  CpuSet fullest;
  for (const auto& core : cores) {
    CpuSet own = core & kept;
    if (own.size() >= std::max(1, fullest.size())) fullest = std::move(own);
  }
  return fullest;
}

CpuSet farthest(const topology::Topology& topology, const CpuSet& kept) {
  CpuSet part = smallest_part(sets_of(topology.sockets()), kept);
  part = smallest_part(sets_of(topology.numa_nodes()), part);
  part = smallest_part(sets_of(topology.caches()), part);
  return giving_core(topology, part, true);
}

// Out of the memory domain that has the most.
CpuSet least_missed(const topology::Topology& topology, const CpuSet& kept, bool whole_cores_first) {
  CpuSet most;
  for (const auto& domain : memory_domains(topology)) {
    CpuSet own = domain & kept;
    if (own.size() >= std::max(1, most.size())) most = std::move(own);
  }
  return giving_core(topology, most.empty() ? kept : most, whole_cores_first);
}

}  // namespace

CpuSet shrink(const topology::Topology& topology, CpuSet kept, Shape shape, ExclusivenessLevel level,
              int count) {
  if (level == ExclusivenessLevel::socket) kept = within_fewest(sets_of(topology.sockets()), kept, count);
  if (level == ExclusivenessLevel::numa) kept = within_fewest(sets_of(topology.numa_nodes()), kept, count);
  while (kept.size() > count) {
    const auto from = shape == Shape::spread ? least_missed(topology, kept, level == ExclusivenessLevel::core)
                                             : farthest(topology, kept);
    kept.erase(*from.last());
  }
  return kept;
}

}  // namespace actimanager::allocator

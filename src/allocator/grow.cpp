// More CPUs beside those a Pod has, nearest first, in the sense of its shape.
#include <algorithm>

#include "choice.hpp"
#include "resizing.hpp"

namespace actimanager::allocator {
namespace {

// One thread on each of up to `count` idle cores that `near` has no part in, the nearest first.
CpuSet idle_cores_near(const topology::Topology& topology, const CpuSet& open, const CpuSet& near,
                       int count) {
  CpuSet chosen;
  for (int tier = 0; tier < tiers; ++tier) {
    const CpuSet candidates =
        (open & within_tier(topology, near, tier)) - topology.widen_to_cores(near | chosen);
    const auto idle = whole_cores(topology, candidates);
    const auto number = std::min(idle.size(), static_cast<std::size_t>(count - chosen.size()));
    for (const auto core : gather(topology, idle, number, Prefer::performance)) {
      chosen.insert(*topology.cores()[core].cpus.first());
    }
  }
  return chosen;
}

// Up to `count` CPUs: siblings of `near` first, then packed on few cores, the nearest first.
CpuSet packed_near(const topology::Topology& topology, const CpuSet& open, const CpuSet& near, int count) {
  CpuSet chosen;
  const CpuSet own = topology.widen_to_cores(near);
  for (const CpuId cpu : (open & own) - near) {
    if (chosen.size() < count) chosen.insert(cpu);
  }
  for (int tier = 0; tier < tiers && chosen.size() < count; ++tier) {
    const CpuSet candidates = (open & within_tier(topology, near, tier)) - own - chosen;
    const int number = std::min(candidates.size(), count - chosen.size());
    if (number > 0) chosen |= *choose_packed(topology, candidates, number);
  }
  return chosen;
}

// How many more each domain gets, so that all have as nearly the same number as there is room for.
std::vector<int> shares(const std::vector<CpuSet>& domains, const CpuSet& open, const CpuSet& kept,
                        int more) {
  std::vector<int> has, room, given(domains.size(), 0);
  for (const auto& domain : domains) {
    has.push_back(domain.count_common(kept));
    room.push_back(domain.count_common(open - kept));
  }
  for (; more > 0; --more) {
    std::optional<std::size_t> least;
    for (std::size_t i = 0; i < domains.size(); ++i) {
      if (room[i] == given[i]) continue;
      const auto rank = [&](std::size_t at) { return std::pair(has[at] + given[at], given[at] - room[at]); };
      if (!least || rank(i) < rank(*least)) least = i;
    }
    if (!least) break;
    ++given[*least];
  }
  return given;
}

CpuSet spread_near(const topology::Topology& topology, const CpuSet& open, const CpuSet& kept, int more) {
  const auto domains = memory_domains(topology);
  const auto given = shares(domains, open, kept, more);
  CpuSet chosen = kept;
  for (std::size_t i = 0; i < domains.size(); ++i) {
    const CpuSet here = open & domains[i];
    const int target = chosen.count_common(domains[i]) + given[i];
    const auto missing = [&] { return target - chosen.count_common(domains[i]); };
    if (missing() == 0) continue;
    chosen |= idle_cores_near(topology, here, chosen, missing());
    // Then cores in use, then siblings of its own.
    for (const CpuSet& rest : {here - topology.widen_to_cores(chosen), here - chosen}) {
      for (const CpuId cpu : rest) {
        if (missing() > 0) chosen.insert(cpu);
      }
    }
  }
  return chosen;
}

}  // namespace

CpuSet within_tier(const topology::Topology& topology, const CpuSet& of, int tier) {
  if (tier == 1) return topology.widen_to_numa_nodes(of);
  if (tier == 2) return topology.widen_to_sockets(of);
  if (tier == 3) return topology.cpus();
  CpuSet group = of;
  for (const auto& cache : topology.caches()) {
    if (cache.level == 3 && cache.cpus.intersects(of)) group |= cache.cpus;
  }
  return group;
}

std::optional<CpuSet> grow(const topology::Topology& topology, const CpuSet& open, const CpuSet& kept,
                           Shape shape, int count) {
  CpuSet grown;
  const int more = count - kept.size();
  switch (shape) {
    case Shape::spread:
      grown = spread_near(topology, open, kept, more);
      break;
    case Shape::one_per_core:
      grown = kept | idle_cores_near(topology, open, kept, more);
      break;
    case Shape::packed:
    case Shape::fewest_units:
    case Shape::single:
      grown = kept | packed_near(topology, open, kept, more);
      break;
  }
  if (grown.size() < count) return std::nullopt;
  return grown;
}

}  // namespace actimanager::allocator

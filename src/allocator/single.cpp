// Best-effort: one logical CPU; and, at level none, CPUs that others share.
#include <algorithm>
#include <map>
#include <tuple>

#include "choice.hpp"

namespace actimanager::allocator {

std::optional<CpuSet> choose_single(const topology::Topology& topology, const CpuSet& open) {
  // A thread whose siblings are in use already, so that idle cores stay idle; packed picks those first.
  return choose_packed(topology, open, 1);
}

std::vector<CpuSet> least_shared_first(const Occupancy& occupancy, const CpuSet& cpus) {
  std::map<int, CpuSet> by_sharers;
  for (const CpuId cpu : cpus) by_sharers[occupancy.sharers(cpu)].insert(cpu);
  std::vector<CpuSet> parts;
  for (const auto& [sharers, shared_alike] : by_sharers)
    parts.push_back(parts.empty() ? shared_alike : parts.back() | shared_alike);
  return parts;
}

namespace {

// Of as many cores, whoever has their other threads: what is shared keeps no core idle.
std::optional<CpuSet> one_thread_each(const topology::Topology& topology, const CpuSet& open, int count) {
  std::vector<std::size_t> cores;
  for (std::size_t i = 0; i < topology.cores().size(); ++i)
    if (topology.cores()[i].cpus.intersects(open)) cores.push_back(i);
  if (cores.size() < static_cast<std::size_t>(count)) return std::nullopt;
  CpuSet chosen;
  for (const auto core : gather(topology, cores, static_cast<std::size_t>(count), Prefer::performance))
    chosen.insert(*(topology.cores()[core].cpus & open).first());
  return chosen;
}

}  // namespace

std::optional<CpuSet> choose_shared(const Occupancy& occupancy, const Request& request) {
  const auto& topology = occupancy.topology();
  const int count = request.shape == Shape::single ? 1 : request.cpus;
  const CpuSet pool = occupancy.pool();
  if (pool.size() < count || occupancy.pool_size() < request.min_pool) return std::nullopt;

  if (request.shape != Shape::single) {
    // The shape, if CPUs that are not reserved can give it.
    for (const auto& open : least_shared_first(occupancy, pool - occupancy.reserved())) {
      std::optional<CpuSet> chosen;
      if (request.shape == Shape::spread) chosen = choose_spread(topology, open, count);
      if (request.shape == Shape::one_per_core) chosen = one_thread_each(topology, open, count);
      if (request.shape == Shape::packed || request.shape == Shape::fewest_units)
        chosen = choose_packed(topology, open, count);
      if (chosen) return chosen;
    }
  }
  // Reserved CPUs last; a CPU that is shared already before one that somebody may yet want alone,
  // unless enough share it; threads of cores in use before idle cores.
  std::vector<std::tuple<bool, int, int, bool, CpuId>> ranked;
  for (const CpuId cpu : pool) {
    const int sharers = occupancy.sharers(cpu);
    const bool joinable = sharers > 0 && sharers < request.max_sharers;
    const int rank = joinable ? 0 : sharers == 0 ? 1 : 2;
    const bool idle = occupancy.idle_leaders().intersects(topology.core_of(cpu)->cpus);
    ranked.emplace_back(occupancy.reserved().contains(cpu), rank, sharers, idle, cpu);
  }
  std::ranges::sort(ranked);
  CpuSet chosen;
  for (int i = 0; i < count; ++i) chosen.insert(std::get<CpuId>(ranked[static_cast<std::size_t>(i)]));
  return chosen;
}

}  // namespace actimanager::allocator

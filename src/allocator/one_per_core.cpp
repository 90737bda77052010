// CPU-bound: one thread on each of as many idle physical cores, preferably of one socket.
#include <algorithm>

#include "choice.hpp"

namespace actimanager::allocator {

std::optional<CpuSet> choose_one_per_core(const topology::Topology& topology, const CpuSet& open, int count) {
  auto idle = whole_cores(topology, open);
  const auto wanted = static_cast<std::size_t>(count);
  if (idle.size() < wanted) return std::nullopt;
  CpuSet chosen;
  for (const auto core : gather(topology, std::move(idle), wanted, Prefer::performance)) {
    chosen.insert(*topology.cores()[core].cpus.first());
  }
  return chosen;
}

bool one_socket_has(const Occupancy& occupancy, const CpuSet& open, int count) {
  const CpuSet leaders = occupancy.idle_leaders() & open;
  int largest = 0;
  for (const auto& socket : occupancy.topology().sockets()) {
    if (leaders.count_common(socket.cpus) >= count) return true;
    largest = std::max(largest, static_cast<int>(std::ranges::count(occupancy.topology().cores(), socket.id,
                                                                    &topology::Core::socket)));
  }
  return count > largest;  // no socket could ever have as many
}

}  // namespace actimanager::allocator

// I/O-bound: sibling threads together, on as few cores as possible.
#include <algorithm>
#include <map>

#include "choice.hpp"

namespace actimanager::allocator {
namespace {

// Cores by how many of their CPUs are open, most first.
std::map<int, std::vector<std::size_t>, std::greater<>> cores_by_room(const topology::Topology& topology,
                                                                      const CpuSet& open) {
  std::map<int, std::vector<std::size_t>, std::greater<>> rooms;
  for (std::size_t i = 0; i < topology.cores().size(); ++i) {
    const int room = topology.cores()[i].cpus.count_common(open);
    if (room > 0) rooms[room].push_back(i);
  }
  return rooms;
}

// How many cores of these rooms it takes, filling the roomiest first: no other choice takes fewer.
int cores_needed(const std::map<int, int, std::greater<>>& rooms, int count) {
  int cores = 0;
  for (const auto& [room, number] : rooms) {
    const int used = std::min(number, (count + room - 1) / room);
    cores += used;
    count -= used * room;
    if (count <= 0) break;
  }
  return cores;
}

}  // namespace

std::optional<CpuSet> choose_packed(const topology::Topology& topology, const CpuSet& open, int count) {
  if (open.size() < count) return std::nullopt;
  auto rooms = cores_by_room(topology, open);
  CpuSet chosen;
  int missing = count;
  const auto take = [&](std::size_t core) {
    for (const CpuId cpu : topology.cores()[core].cpus& open) {
      if (missing == 0) return;
      chosen.insert(cpu);
      --missing;
    }
  };
  for (const auto& [room, cores] : rooms) {
    const auto filled = std::min(cores.size(), static_cast<std::size_t>(missing / room));
    const auto picked = gather(topology, cores, filled, Prefer::efficiency);
    for (const auto core : picked) take(core);
    if (missing == 0) return chosen;
    if (filled == cores.size()) continue;
    // The rest fits in one core: the one with the least room that is enough, near the others if it can be.
    for (auto it = rooms.rbegin(); it != rooms.rend(); ++it) {
      if (it->first < missing) continue;
      std::vector<std::size_t> candidates;
      std::ranges::copy_if(it->second, std::back_inserter(candidates),
                           [&](std::size_t core) { return !topology.cores()[core].cpus.intersects(chosen); });
      if (candidates.empty()) continue;
      std::vector<std::size_t> near;
      std::ranges::copy_if(candidates, std::back_inserter(near), [&](std::size_t core) {
        return std::ranges::any_of(picked, [&](std::size_t other) {
          return topology.cores()[core].socket == topology.cores()[other].socket;
        });
      });
      take(gather(topology, near.empty() ? candidates : near, 1, Prefer::efficiency).front());
      return chosen;
    }
  }
  return chosen;
}

bool packs_tightly(const Occupancy& occupancy, const CpuSet& open, int count) {
  std::map<int, int, std::greater<>> now, best;
  const CpuSet usable = occupancy.topology().cpus() - occupancy.reserved();
  for (const auto& core : occupancy.topology().cores()) {
    if (const int room = core.cpus.count_common(open)) ++now[room];
    if (const int room = core.cpus.count_common(usable)) ++best[room];
  }
  return cores_needed(now, count) <= cores_needed(best, count);
}

}  // namespace actimanager::allocator

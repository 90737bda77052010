#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "choice.hpp"

namespace actimanager::allocator {

int budget(const Occupancy& occupancy, const Request& request) {
  return occupancy.pool_size() - request.min_pool;
}

std::vector<std::size_t> whole_cores(const topology::Topology& topology, const CpuSet& open) {
  std::vector<std::size_t> cores;
  for (std::size_t i = 0; i < topology.cores().size(); ++i) {
    if (open.includes(topology.cores()[i].cpus)) cores.push_back(i);
  }
  return cores;
}

std::vector<Unit> free_units(const Occupancy& occupancy, const Request& request) {
  std::vector<Unit> units;
  const auto add = [&](const auto& parts) {
    for (const auto& part : parts) {
      if (part.cpus.empty() || !occupancy.free().includes(part.cpus)) continue;
      const int size = part.cpus.size();
      const int capacity = request.shape == Shape::one_per_core
                               ? static_cast<int>(whole_cores(occupancy.topology(), part.cpus).size())
                               : size;
      units.push_back({part.cpus, capacity, size});
    }
  };
  if (request.level == api::ExclusivenessLevel::socket) add(occupancy.topology().sockets());
  if (request.level == api::ExclusivenessLevel::numa) add(occupancy.topology().numa_nodes());
  return units;
}

std::optional<std::vector<std::size_t>> cheapest(const std::vector<Unit>& units, int wanted, int budget) {
  int available = 0;
  for (const auto& unit : units) available += unit.capacity;
  if (available < wanted || budget <= 0) return std::nullopt;

  // best[i][c]: the least (cost, number) of units i.. that give c or more.
  struct Price {
    int cost = std::numeric_limits<int>::max() / 2;
    int number = 0;
    auto operator<=>(const Price&) const = default;
  };
  const auto width = static_cast<std::size_t>(wanted) + 1;
  std::vector<Price> best((units.size() + 1) * width);
  const auto at = [&](std::size_t i, int capacity) -> Price& {
    return best[i * width + static_cast<std::size_t>(std::max(capacity, 0))];
  };
  at(units.size(), 0) = {0, 0};
  for (std::size_t i = units.size(); i-- > 0;) {
    for (int capacity = 0; capacity <= wanted; ++capacity) {
      Price with = at(i + 1, capacity - units[i].capacity);
      with.cost += units[i].cost;
      ++with.number;
      at(i, capacity) = std::min(at(i + 1, capacity), with);
    }
  }
  if (at(0, wanted).cost > budget) return std::nullopt;
  std::vector<std::size_t> chosen;
  int left = wanted;
  for (std::size_t i = 0; i < units.size() && left > 0; ++i) {
    Price with = at(i + 1, left - units[i].capacity);
    with.cost += units[i].cost;
    ++with.number;
    if (at(i, left) != with) continue;
    chosen.push_back(i);
    left -= units[i].capacity;
  }
  return chosen;
}

std::optional<std::vector<std::size_t>> cheapest_in_few_sockets(const topology::Topology& topology,
                                                                const std::vector<Unit>& units, int wanted,
                                                                int budget) {
  auto anywhere = cheapest(units, wanted, budget);
  if (!anywhere) return anywhere;
  const auto price = [&](const std::vector<std::size_t>& chosen) {
    int cost = 0;
    for (const auto i : chosen) cost += units[i].cost;
    return std::pair(cost, chosen.size());
  };
  // By room, then as the sockets come: each with the indexes of its units.
  std::multimap<int, std::vector<std::size_t>> sockets;
  for (const auto& socket : topology.sockets()) {
    std::vector<std::size_t> here;
    int room = 0;
    for (std::size_t i = 0; i < units.size(); ++i) {
      if (!socket.cpus.includes(units[i].cpus)) continue;
      here.push_back(i);
      room += units[i].capacity;
    }
    if (room >= wanted) sockets.emplace(room, std::move(here));
  }
  for (const auto& [room, here] : sockets) {
    std::vector<Unit> own;
    for (const auto i : here) own.push_back(units[i]);
    auto chosen = cheapest(own, wanted, budget);
    if (!chosen) continue;
    for (auto& i : *chosen) i = here[i];
    if (price(*chosen) == price(*anywhere)) return chosen;
  }
  return anywhere;
}

}  // namespace actimanager::allocator

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include <actimanager/allocator/exclusiveness.hpp>

#include "choice.hpp"

namespace actimanager::allocator {
namespace {

using api::ExclusivenessLevel;

int named_cpus(const Request& request) {
  return request.shape == Shape::single ? 1 : request.cpus;
}

std::optional<CpuSet> choose(const topology::Topology& topology, const CpuSet& open, const Request& request) {
  switch (request.shape) {
    case Shape::spread:
      return choose_spread(topology, open, request.cpus);
    case Shape::one_per_core:
      return choose_one_per_core(topology, open, request.cpus);
    case Shape::packed:
    case Shape::fewest_units:
      return choose_packed(topology, open, request.cpus);
    case Shape::single:
      return choose_single(topology, open);
  }
  return std::nullopt;
}

CpuSet idle_cpus(const Occupancy& occupancy) {
  CpuSet cpus;
  for (const CpuId leader : occupancy.idle_leaders()) cpus |= occupancy.topology().core_of(leader)->cpus;
  return cpus;
}

std::vector<Unit> idle_core_units(const Occupancy& occupancy, const Request& request) {
  std::vector<Unit> units;
  for (const CpuId leader : occupancy.idle_leaders()) {
    const auto& core = *occupancy.topology().core_of(leader);
    const int size = core.cpus.size();
    units.push_back({core.cpus, request.shape == Shape::one_per_core ? 1 : size, size});
  }
  return units;
}

// The least CPUs that whole idle cores can cost; nullopt if there are not enough of them.
std::optional<int> least_core_cost(const Occupancy& occupancy, const Request& request) {
  // Cores of one size, as almost every machine has them, need no search.
  const auto& cores = occupancy.topology().cores();
  const int wanted = named_cpus(request);
  if (cores.empty()) return std::nullopt;
  const int size = cores.front().cpus.size();
  if (std::ranges::all_of(cores, [&](const auto& core) { return core.cpus.size() == size; })) {
    const int needed = request.shape == Shape::one_per_core ? wanted : (wanted + size - 1) / size;
    if (needed > occupancy.idle_cores()) return std::nullopt;
    return needed * size;
  }
  const auto units = idle_core_units(occupancy, request);
  const auto chosen = cheapest(units, wanted, occupancy.free_size());
  if (!chosen) return std::nullopt;
  return std::accumulate(chosen->begin(), chosen->end(), 0,
                         [&](int sum, std::size_t i) { return sum + units[i].cost; });
}

std::optional<CpuSet> place_in_cores(const Occupancy& occupancy, const Request& request) {
  const auto& topology = occupancy.topology();
  const int limit = budget(occupancy, request);
  const auto affordable = [&](const std::optional<CpuSet>& cpus) {
    return cpus && topology.widen_to_cores(*cpus).size() <= limit;
  };
  // The shape as it is best; then with sibling threads together; then whatever costs least.
  const CpuSet open = idle_cpus(occupancy);
  if (auto cpus = choose(topology, open, request); affordable(cpus)) return cpus;
  if (request.shape == Shape::spread) {
    if (auto cpus = choose_packed(topology, open, request.cpus); affordable(cpus)) return cpus;
  }
  const auto units = idle_core_units(occupancy, request);
  const auto chosen = cheapest(units, named_cpus(request), limit);
  if (!chosen) return std::nullopt;
  CpuSet cheap;
  for (const auto i : *chosen) cheap |= units[i].cpus;
  return choose(topology, cheap, request);
}

Fit refused(std::string reason) {
  return {.reason = std::move(reason)};
}

Fit pool_too_small(const Request& request) {
  return refused(fmt::format("node(s) needed {} CPU{} for the shared pool", request.min_pool,
                             request.min_pool == 1 ? "" : "s"));
}

Fit shaped(const Occupancy& occupancy, const CpuSet& open, const Request& request) {
  Fit fit{.possible = true};
  switch (request.shape) {
    case Shape::spread:
      fit.ideal = spread_is_even(occupancy, open, request.cpus);
      break;
    case Shape::one_per_core:
      fit.ideal = one_socket_has(occupancy, open, request.cpus);
      break;
    case Shape::packed:
    case Shape::fewest_units:
      fit.ideal = packs_tightly(occupancy, open, request.cpus);
      break;
    case Shape::single:
      fit.ideal = true;
      break;
  }
  return fit;
}

Fit fits_cpus(const Occupancy& occupancy, const Request& request) {
  const int wanted = named_cpus(request);
  if (request.shape == Shape::one_per_core && occupancy.idle_cores() < wanted) {
    return refused(fmt::format("node(s) had no {} idle physical core{}", wanted, wanted == 1 ? "" : "s"));
  }
  if (occupancy.free_size() < wanted) {
    return refused(fmt::format("node(s) had no {} free CPU{}", wanted, wanted == 1 ? "" : "s"));
  }
  if (wanted > budget(occupancy, request)) return pool_too_small(request);
  return shaped(occupancy, occupancy.free(), request);
}

Fit fits_cores(const Occupancy& occupancy, const Request& request) {
  const int wanted = named_cpus(request);
  const auto cost = least_core_cost(occupancy, request);
  if (!cost && request.shape == Shape::one_per_core) {
    return refused(fmt::format("node(s) had no {} idle physical core{}", wanted, wanted == 1 ? "" : "s"));
  }
  if (!cost) {
    return refused(
        fmt::format("node(s) had no {} CPU{} in idle physical cores", wanted, wanted == 1 ? "" : "s"));
  }
  if (*cost > budget(occupancy, request)) return pool_too_small(request);
  return shaped(occupancy, idle_cpus(occupancy), request);
}

Fit fits_units(const Occupancy& occupancy, const Request& request) {
  const auto units = free_units(occupancy, request);
  const int wanted = named_cpus(request);
  const auto chosen =
      cheapest_in_few_sockets(occupancy.topology(), units, wanted, budget(occupancy, request));
  if (chosen) {
    CpuSet open;
    for (const auto i : *chosen) open |= units[i].cpus;
    Fit fit = shaped(occupancy, open, request);
    // Taking one unit alone is what such a Pod asks for; spreading further would only take more of them.
    fit.ideal = fit.ideal || chosen->size() == 1;
    return fit;
  }
  const auto* what = request.level == ExclusivenessLevel::socket ? "sockets" : "NUMA nodes";
  const auto* of = request.shape == Shape::one_per_core ? "core" : "CPU";
  if (request.level == ExclusivenessLevel::numa && occupancy.topology().numa_nodes().empty()) {
    return refused("node(s) had no NUMA nodes");
  }
  if (cheapest(units, wanted, occupancy.topology().cpus().size())) return pool_too_small(request);
  return refused(
      fmt::format("node(s) had no {} {}{} in free whole {}", wanted, of, wanted == 1 ? "" : "s", what));
}

}  // namespace

Fit fits(const Occupancy& occupancy, const Request& request) {
  if (!occupancy.has_topology()) return refused("node(s) had no CPU topology");
  switch (request.level) {
    case ExclusivenessLevel::none: {
      const int wanted = named_cpus(request);
      if (occupancy.pool_size() < wanted) {
        return refused(fmt::format("node(s) had no {} CPU{} to share", wanted, wanted == 1 ? "" : "s"));
      }
      if (occupancy.pool_size() < request.min_pool) return pool_too_small(request);
      return {.possible = true, .ideal = true, .reason = {}};
    }
    case ExclusivenessLevel::cpu:
      return fits_cpus(occupancy, request);
    case ExclusivenessLevel::core:
      return fits_cores(occupancy, request);
    case ExclusivenessLevel::socket:
    case ExclusivenessLevel::numa:
      return fits_units(occupancy, request);
  }
  return refused("node(s) had no such level");
}

std::optional<Placement> place(const Occupancy& occupancy, const Request& request) {
  if (!fits(occupancy, request).possible) return std::nullopt;
  const auto with_level = [&](std::optional<CpuSet> cpus) -> std::optional<Placement> {
    if (!cpus) return std::nullopt;
    return Placement{std::move(*cpus), request.level};
  };
  switch (request.level) {
    case ExclusivenessLevel::none:
      return with_level(choose_shared(occupancy, request));
    case ExclusivenessLevel::cpu:
      return with_level(choose(occupancy.topology(), occupancy.free(), request));
    case ExclusivenessLevel::core:
      return with_level(place_in_cores(occupancy, request));
    case ExclusivenessLevel::socket:
    case ExclusivenessLevel::numa: {
      const auto units = free_units(occupancy, request);
      const auto chosen = cheapest_in_few_sockets(occupancy.topology(), units, named_cpus(request),
                                                  budget(occupancy, request));
      if (!chosen) return std::nullopt;
      CpuSet open;
      for (const auto i : *chosen) open |= units[i].cpus;
      auto cpus = choose(occupancy.topology(), open, request);
      // A unit that this choice leaves untouched was not needed: the shape preferred the others.
      return with_level(std::move(cpus));
    }
  }
  return std::nullopt;
}

}  // namespace actimanager::allocator

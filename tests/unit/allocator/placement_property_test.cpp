// Random machines, random occupants, random requests: what place() returns is admissible, and it returns
// something exactly when a search over all subsets finds something admissible.
#include <algorithm>

#include <catch2/catch_test_macros.hpp>

#include <actimanager/allocator/exclusiveness.hpp>
#include <actimanager/allocator/placement.hpp>

#include "machines.hpp"
#include "search.hpp"

using namespace actimanager;
using namespace actimanager::allocator;
using actimanager::allocator::testing::any_subset;
using actimanager::allocator::testing::pick;
using Level = api::ExclusivenessLevel;

namespace {

Occupancy random_occupancy(std::mt19937& random, const topology::testing::Machine& machine,
                           std::vector<Holding>& held) {
  CpuSet reserved;
  for (const CpuId cpu : machine->cpus()) {
    if (pick(random, 0, 9) == 0) reserved.insert(cpu);
  }
  Occupancy occupancy(machine, reserved);
  for (int i = pick(random, 0, 3); i > 0; --i) {
    Holding holding;
    for (const CpuId cpu : machine->cpus()) {
      if (pick(random, 0, 4) == 0) holding.cpus.insert(cpu);
    }
    holding.level = static_cast<Level>(pick(random, 0, 2));
    occupancy.add(holding);
    held.push_back(holding);
  }
  return occupancy;
}

Request random_request(std::mt19937& random) {
  return {.shape = static_cast<Shape>(pick(random, 0, 4)),
          .level = static_cast<Level>(pick(random, 0, 4)),
          .cpus = pick(random, 1, 6),
          .min_pool = pick(random, 1, 3),
          .max_sharers = pick(random, 1, 3)};
}

// The rules, from the definition.
bool admissible(const Occupancy& occupancy, const Request& request, const CpuSet& cpus) {
  const auto& machine = occupancy.topology();
  const int wanted = request.shape == Shape::single ? 1 : request.cpus;
  if (cpus.size() != wanted || !machine.cpus().includes(cpus)) return false;
  const CpuSet exclusive = exclusive_cpus(machine, cpus, request.level);
  if (cpus.intersects(occupancy.exclusive())) return false;
  if (exclusive.intersects(occupancy.exclusive() | occupancy.shared() | occupancy.reserved())) return false;
  if ((occupancy.pool() - exclusive).size() < request.min_pool) return false;
  if (request.level == Level::numa && machine.numa_nodes_of(cpus).empty()) return false;
  if (request.level == Level::numa &&
      std::ranges::any_of(cpus, [&](CpuId cpu) { return machine.numa_node_of(cpu) == nullptr; })) {
    return false;
  }
  if (request.shape != Shape::one_per_core || request.level == Level::none) return true;
  CpuSet touched;
  for (const CpuId cpu : cpus) {
    const auto& core = machine.core_of(cpu)->cpus;
    if (touched.intersects(core) || !occupancy.free().includes(core)) return false;
    touched |= core;
  }
  return true;
}

bool any_admissible(const Occupancy& occupancy, const Request& request) {
  return any_subset(occupancy.topology().cpus(), request.shape == Shape::single ? 1 : request.cpus, {},
                    [&](const CpuSet& cpus) { return admissible(occupancy, request, cpus); });
}

}  // namespace

TEST_CASE("a placement is admissible, and there is one exactly when a full search finds one") {
  std::mt19937 random(20240601);
  int placed = 0;
  int refused = 0;
  for (int round = 0; round < 6000; ++round) {
    const auto machine = topology::testing::random_machine(random, 10);
    std::vector<Holding> held;
    const auto occupancy = random_occupancy(random, machine, held);
    const auto request = random_request(random);
    const auto fit = fits(occupancy, request);
    const auto placement = place(occupancy, request);
    CAPTURE(round, static_cast<int>(request.shape), static_cast<int>(request.level), request.cpus,
            request.min_pool, machine->cpus().to_string(), occupancy.free().to_string(), fit.reason);
    REQUIRE(fit.possible == placement.has_value());
    REQUIRE(fit.possible == fit.reason.empty());
    if (placement) {
      CAPTURE(placement->cpus.to_string());
      REQUIRE(admissible(occupancy, request, placement->cpus));
      REQUIRE(place(occupancy, request) == placement);
      ++placed;
    } else {
      REQUIRE_FALSE(any_admissible(occupancy, request));
      ++refused;
    }
  }
  // Both happen often, or the test shows little.
  CHECK(placed > 1000);
  CHECK(refused > 1000);
}

TEST_CASE("an even spread is even, and CPU-bound threads stay in one socket where they can") {
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    const auto machine = topology::testing::random_machine(random, 30);
    std::vector<Holding> held;
    const auto occupancy = random_occupancy(random, machine, held);
    auto request = random_request(random);
    request.level = Level::cpu;
    request.shape = round % 2 == 0 ? Shape::spread : Shape::one_per_core;
    const auto placement = place(occupancy, request);
    if (!placement) continue;
    CAPTURE(round, placement->cpus.to_string(), occupancy.free().to_string());
    if (request.shape == Shape::one_per_core) {
      const auto idle_in = [&](const topology::Socket& socket) {
        return occupancy.idle_leaders().count_common(socket.cpus);
      };
      const bool could =
          std::ranges::any_of(machine->sockets(), [&](const auto& s) { return idle_in(s) >= request.cpus; });
      const bool does = std::ranges::any_of(machine->sockets(),
                                            [&](const auto& s) { return s.cpus.includes(placement->cpus); });
      // Performance cores are worth a second socket.
      if (machine->cpu_kinds().empty()) REQUIRE(could == does);
      continue;
    }
    // Nobody has two more than a domain that still has room.
    const auto with_cpus =
        std::ranges::count_if(machine->numa_nodes(), [](const auto& n) { return !n.cpus.empty(); });
    if (with_cpus < std::ssize(machine->sockets())) continue;  // spread over sockets instead
    for (const auto& a : machine->numa_nodes()) {
      for (const auto& b : machine->numa_nodes()) {
        if (placement->cpus.count_common(b.cpus) == occupancy.free().count_common(b.cpus)) continue;
        REQUIRE(placement->cpus.count_common(a.cpus) <= placement->cpus.count_common(b.cpus) + 1);
      }
    }
  }
}

TEST_CASE("filling a machine never hands a CPU out twice and always ends") {
  std::mt19937 random(99);
  for (int round = 0; round < 300; ++round) {
    const auto machine = topology::testing::random_machine(random, 60);
    Occupancy occupancy(machine);
    std::vector<Placement> placed;
    for (int i = 0; i < 200; ++i) {
      auto request = random_request(random);
      const auto placement = place(occupancy, request);
      if (!placement) continue;
      occupancy.add({placement->cpus, placement->level});
      placed.push_back(*placement);
    }
    for (std::size_t a = 0; a < placed.size(); ++a) {
      const auto exclusive = exclusive_cpus(*machine, placed[a].cpus, placed[a].level);
      for (std::size_t b = 0; b < placed.size(); ++b) {
        if (a != b) REQUIRE_FALSE(exclusive.intersects(placed[b].cpus));
      }
    }
    REQUIRE(occupancy.pool_size() >= 1);
  }
}

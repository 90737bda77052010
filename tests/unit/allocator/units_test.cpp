#include <catch2/catch_test_macros.hpp>

#include "choice.hpp"
#include "machines.hpp"

using namespace actimanager;
using namespace actimanager::allocator;
using namespace actimanager::topology::testing;
using Level = api::ExclusivenessLevel;
using Indexes = std::vector<std::size_t>;

TEST_CASE("free sockets and NUMA nodes are those that nobody is in") {
  Occupancy occupancy(dual_socket_smt());  // sockets and NUMA nodes 0-3,8-11 and 4-7,12-15
  CHECK(free_units(occupancy, {.shape = Shape::spread, .level = Level::socket}).size() == 2);
  occupancy.add({{4}, Level::none});
  const auto units = free_units(occupancy, {.shape = Shape::spread, .level = Level::numa});
  REQUIRE(units.size() == 1);
  CHECK(units[0].cpus == CpuSet{0, 1, 2, 3, 8, 9, 10, 11});
  CHECK(units[0].capacity == 8);
  CHECK(units[0].cost == 8);
  CHECK(free_units(occupancy, {.shape = Shape::one_per_core, .level = Level::socket})[0].capacity == 4);
}

TEST_CASE("the cheapest units that are enough are taken, of equally cheap ones the fewest") {
  const std::vector<Unit> units = {{{}, 4, 8}, {{}, 2, 3}, {{}, 2, 3}, {{}, 4, 6}, {{}, 1, 1}};
  CHECK(cheapest(units, 4, 100) == Indexes{3});
  CHECK(cheapest(units, 1, 100) == Indexes{4});
  CHECK(cheapest(units, 5, 100) == Indexes{3, 4});
  CHECK(cheapest(units, 13, 100) == Indexes{0, 1, 2, 3, 4});
  CHECK_FALSE(cheapest(units, 14, 100));  // there are not as many
  CHECK_FALSE(cheapest(units, 5, 6));     // or they cost too much
  CHECK_FALSE(cheapest({}, 1, 100));
}

TEST_CASE("units of one socket are taken where that costs no more, of the one with the least room") {
  const auto four = four_numa_nodes();  // two CPUs each in NUMA nodes 0 and 1 (socket 0), 2 and 3 (socket 1)
  const auto chosen = [&](const CpuSet& held, int wanted) {
    Occupancy occupancy(four);
    if (!held.empty()) occupancy.add({held, Level::cpu});
    const auto units = free_units(occupancy, {.level = Level::numa});
    CpuSet cpus;
    const auto indexes = cheapest_in_few_sockets(*four, units, wanted, 8);
    for (const auto i : indexes.value()) cpus |= units[i].cpus;
    return cpus.to_string();
  };
  CHECK(chosen({}, 4) == "0-3");
  CHECK(chosen({0}, 4) == "4-7");
  CHECK(chosen({4}, 2) == "6-7");  // leaves the whole socket whole
  CHECK(chosen({0, 4}, 4) == "2-3,6-7");
}

TEST_CASE("what may become exclusive is what the pool can spare") {
  Occupancy occupancy(one_socket_smt(), {0});
  CHECK(budget(occupancy, {.min_pool = 1}) == 7);
  occupancy.add({{1, 2}, Level::cpu});
  CHECK(budget(occupancy, {.min_pool = 1}) == 5);
  CHECK(budget(occupancy, {.min_pool = 4}) == 2);
  CHECK(budget(occupancy, {.min_pool = 20}) <= 0);
}

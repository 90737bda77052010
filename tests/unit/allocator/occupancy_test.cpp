#include <catch2/catch_test_macros.hpp>

#include <actimanager/allocator/exclusiveness.hpp>
#include <actimanager/allocator/occupancy.hpp>

#include "machines.hpp"

using namespace actimanager;
using namespace actimanager::allocator;
using Level = api::ExclusivenessLevel;

TEST_CASE("exclusive_cpus widens to the level") {
  const auto machine = topology::testing::dual_socket_smt();
  struct Row {
    CpuSet cpus;
    Level level;
    CpuSet exclusive;
  };
  const Row rows[] = {
      {{1, 9}, Level::none, {}},
      {{1}, Level::cpu, {1}},
      {{1}, Level::core, {1, 9}},
      {{1, 2}, Level::core, {1, 2, 9, 10}},
      {{1}, Level::socket, *CpuSet::parse("0-3,8-11")},
      {{5}, Level::numa, *CpuSet::parse("4-7,12-15")},
      {{1, 5}, Level::socket, CpuSet::range(0, 15)},
      {{99}, Level::socket, {99}},
      {{}, Level::socket, {}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.cpus.to_string(), api::to_string(row.level));
    CHECK(exclusive_cpus(*machine, row.cpus, row.level) == row.exclusive);
  }
}

TEST_CASE("Occupancy keeps account of overlapping holdings") {
  Occupancy occupancy(topology::testing::one_socket_smt(), {0, 4, 77});
  CHECK(occupancy.reserved() == CpuSet{0, 4});
  CHECK(occupancy.free() == CpuSet{1, 2, 3, 5, 6, 7});
  CHECK(occupancy.pool_size() == 8);
  CHECK(occupancy.idle_leaders() == CpuSet{1, 2, 3});

  const Holding core{{1}, Level::core};
  const Holding shared{{2, 3}, Level::none};
  const Holding overlapping{{5, 3}, Level::cpu};
  occupancy.add(core);
  occupancy.add(shared);
  CHECK(occupancy.exclusive() == CpuSet{1, 5});
  CHECK(occupancy.shared() == CpuSet{2, 3});
  CHECK(occupancy.free() == CpuSet{6, 7});
  CHECK(occupancy.pool() == CpuSet{0, 2, 3, 4, 6, 7});
  CHECK(occupancy.idle_cores() == 0);
  CHECK(occupancy.sharers(CpuId{3}) == 1);
  CHECK(occupancy.sharers(CpuId{1000}) == 0);

  occupancy.add(overlapping);
  occupancy.remove(core);
  CHECK(occupancy.exclusive() == CpuSet{3, 5});
  CHECK(occupancy.idle_leaders().empty());
  occupancy.remove(overlapping);
  occupancy.remove(shared);
  CHECK(occupancy.free() == CpuSet{1, 2, 3, 5, 6, 7});
}

TEST_CASE("Occupancy leaves CPUs out that the machine does not have") {
  Occupancy occupancy(topology::testing::one_socket_smt());
  occupancy.add({{2, 8000}, Level::cpu});
  CHECK(occupancy.exclusive() == CpuSet{2});
  occupancy.remove({{2, 8000}, Level::cpu});
  CHECK(occupancy.free_size() == 8);
}

TEST_CASE("Occupancy without a topology holds nothing") {
  Occupancy occupancy;
  occupancy.add({{1}, Level::cpu});
  CHECK_FALSE(occupancy.has_topology());
  CHECK(occupancy.pool().empty());
  CHECK(occupancy.free_size() == 0);
  occupancy.remove({{1}, Level::cpu});
}

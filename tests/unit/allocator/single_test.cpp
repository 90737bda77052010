#include "placement_table.hpp"

using namespace actimanager;
using namespace actimanager::allocator;
using namespace actimanager::allocator::testing;

TEST_CASE("shared: Pods of any shape spread over the pool before they meet") {
  const auto smt = topology::testing::one_socket_smt();
  for (const auto shape : {Shape::spread, Shape::one_per_core, Shape::packed, Shape::fewest_units}) {
    Occupancy occupancy(smt);
    for (int pod = 0; pod < 8; ++pod) {
      const auto placement = place(occupancy, {shape, Level::none, 2});
      REQUIRE(placement);
      occupancy.add({placement->cpus, Level::none});
      for (const CpuId cpu : smt->cpus()) CHECK(occupancy.sharers(cpu) <= pod / 4 + 1);
    }
  }
}

TEST_CASE("single: a best-effort Pod gets one logical CPU") {
  const auto smt = topology::testing::one_socket_smt();
  const Row rows[] = {
      {"whatever it asks for", smt, {}, {Shape::single, Level::cpu, 3}, "0"},
      {"beside a core in use", smt, {held("1", Level::cpu)}, {Shape::single, Level::cpu, 1}, "5"},
      {"an efficiency core where there are any",
       topology::testing::hybrid(),
       {},
       {Shape::single, Level::cpu, 1},
       "4"},
      {"a core of its own", smt, {}, {Shape::single, Level::core, 1}, "0"},
      {"shared: an untouched CPU while none may be joined",
       smt,
       {held("1", Level::none)},
       {Shape::single, Level::none, 1, 1, 1},
       "5"},
      {"shared: a CPU that is shared already",
       smt,
       {held("1", Level::none)},
       {Shape::single, Level::none, 1, 1, 2},
       "1"},
      {"shared: never an exclusive one",
       smt,
       {held("0-2", Level::core), held("7", Level::cpu)},
       {Shape::single, Level::none, 1},
       "3"},
      {"shared: a reserved one where nothing else is left",
       smt,
       {held("1-3", Level::core)},
       {Shape::single, Level::none, 1},
       "0",
       "",
       {0, 4}},
      {"shared: nothing to share",
       smt,
       {held("0-3", Level::core)},
       {Shape::single, Level::none, 1},
       "",
       "node(s) had no 1 CPU to share"},
  };
  for (const auto& row : rows) check(row);
}

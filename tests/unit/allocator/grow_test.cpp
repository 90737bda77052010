#include "resize_table.hpp"

using namespace actimanager;
using namespace actimanager::allocator;
using namespace actimanager::allocator::testing;

TEST_CASE("growing: I/O-bound Pods fill the cores they have, then the nearest") {
  const auto smt = topology::testing::one_socket_smt();
  const auto dual = topology::testing::dual_socket_smt();
  const auto l3 = topology::testing::make_machine({.cores_per_numa = 8, .l3_per_half_numa = true});
  const ResizeRow rows[] = {
      {"the sibling of the odd thread", smt, {}, "1", {Shape::packed, Level::cpu, 2}, "1,5"},
      {"a core more, both threads", smt, {}, "1,5", {Shape::packed, Level::cpu, 4}, "0-1,4-5"},
      {"another core where the sibling is taken",
       smt,
       {held("5", Level::cpu)},
       "1",
       {Shape::packed, Level::cpu, 2},
       "0-1"},
      {"the same L3 group, though another has more room",
       l3,
       {held("0-2,8-10", Level::cpu)},
       "3",
       {Shape::packed, Level::cpu, 4},
       "3-4,11-12"},
      {"the same socket", dual, {}, "5,13", {Shape::packed, Level::cpu, 4}, "4-5,12-13"},
      {"another socket when its own is full",
       dual,
       {held("4,6-7,12,14-15", Level::cpu)},
       "5,13",
       {Shape::packed, Level::cpu, 4},
       "0,5,8,13"},
      {"the same socket, though another core would leave more of the rest whole",
       dual,
       {held("1-3", Level::core)},
       "6,14",
       {Shape::packed, Level::cpu, 4},
       "4,6,12,14"},
      {"the rest of a core that is its own anyway", smt, {}, "1", {Shape::packed, Level::core, 2}, "1,5"},
      {"no class packs, too", smt, {}, "2", {Shape::fewest_units, Level::cpu, 3}, "0,2,6"},
  };
  for (const auto& row : rows) check(row);
}

TEST_CASE("growing: CPU-bound Pods take whole idle cores, the nearest first") {
  const auto smt = topology::testing::one_socket_smt();
  const auto dual = topology::testing::dual_socket_smt();
  const auto l3 = topology::testing::make_machine({.cores_per_numa = 8, .l3_per_half_numa = true});
  const ResizeRow rows[] = {
      {"one thread of the next cores", smt, {}, "1", {Shape::one_per_core, Level::core, 3}, "0-2"},
      {"not its own siblings",
       smt,
       {held("2-3", Level::core)},
       "0-1",
       {Shape::one_per_core, Level::core, 3},
       "",
       "1 more idle physical core"},
      {"not a core that somebody has a thread of",
       smt,
       {held("5", Level::cpu)},
       "0",
       {Shape::one_per_core, Level::cpu, 3},
       "0,2-3"},
      {"the same L3 group, though another has just one core left",
       l3,
       {held("1-3", Level::core)},
       "5",
       {Shape::one_per_core, Level::core, 2},
       "4-5"},
      {"the same socket, though another has just one core left",
       dual,
       {held("1-3", Level::core)},
       "6",
       {Shape::one_per_core, Level::core, 2},
       "4,6"},
      {"both sockets if need be",
       dual,
       {held("4-5", Level::core)},
       "6-7",
       {Shape::one_per_core, Level::core, 3},
       "0,6-7"},
  };
  for (const auto& row : rows) check(row);
}

TEST_CASE("growing: memory-bound Pods stay even over the NUMA nodes") {
  const auto dual = topology::testing::dual_socket_smt();
  const auto four = topology::testing::four_numa_nodes();
  const ResizeRow rows[] = {
      {"one more in each node", dual, {}, "0,4", {Shape::spread, Level::cpu, 4}, "0-1,4-5"},
      {"the node that has fewer is served first",
       dual,
       {},
       "0-1,4",
       {Shape::spread, Level::cpu, 4},
       "0-1,4-5"},
      {"nodes that had none", four, {}, "0,2", {Shape::spread, Level::cpu, 4}, "0,2,4,6"},
      {"as even as there is room",
       dual,
       {held("5-7,12-15", Level::cpu)},
       "0,4",
       {Shape::spread, Level::cpu, 4},
       "0-2,4"},
      {"idle cores before siblings",
       dual,
       {held("2-3", Level::core)},
       "0,4",
       {Shape::spread, Level::cpu, 6},
       "0-1,4-6,8"},
      {"siblings where whole cores are too dear",
       dual,
       {held("2-3,6-7", Level::core)},
       "0,4",
       {Shape::spread, Level::core, 4, 4},
       "0,4,8,12"},
  };
  for (const auto& row : rows) check(row);
}

TEST_CASE("growing: best-effort Pods do not, and what is shared is joined") {
  const auto smt = topology::testing::one_socket_smt();
  const ResizeRow rows[] = {
      {"one CPU, whatever it asks for", smt, {}, "3", {Shape::single, Level::none, 5}, "3"},
      {"shared with others", smt, {held("0-7", Level::none)}, "3", {Shape::packed, Level::none, 2}, "3,7"},
      {"not with who is exclusive",
       smt,
       {held("0-2,4-7", Level::cpu)},
       "3",
       {Shape::packed, Level::none, 2},
       "",
       "1 more CPU to share"},
      {"reserved ones last",
       smt,
       {held("0-1,4-5", Level::cpu)},
       "3",
       {Shape::packed, Level::none, 3},
       "2-3,6",
       "",
       *CpuSet::parse("7")},
      {"reserved ones at last",
       smt,
       {held("0-2,4-6", Level::cpu)},
       "3",
       {Shape::one_per_core, Level::none, 2},
       "3,7",
       "",
       *CpuSet::parse("7")},
  };
  for (const auto& row : rows) check(row);
}

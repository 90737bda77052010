#include "resize_table.hpp"

using namespace actimanager;
using namespace actimanager::allocator;
using namespace actimanager::allocator::testing;

TEST_CASE("shrinking gives back what is farthest from the rest") {
  const auto smt = topology::testing::one_socket_smt();
  const auto dual = topology::testing::dual_socket_smt();
  const auto l3 = topology::testing::make_machine({.cores_per_numa = 8, .l3_per_half_numa = true});
  const ResizeRow rows[] = {
      {"the odd thread before one of a pair", smt, {}, "0-1,4", {Shape::packed, Level::cpu, 2}, "0,4"},
      {"a whole core", smt, {}, "0-1,4-5", {Shape::packed, Level::core, 2}, "0,4"},
      {"a whole core and half of one", smt, {}, "0-2,4-6", {Shape::packed, Level::core, 3}, "0-1,4"},
      {"the socket that it has less of", dual, {}, "0,4-6", {Shape::one_per_core, Level::core, 3}, "4-6"},
      {"the L3 group that it has less of", l3, {}, "1,5-6", {Shape::one_per_core, Level::core, 2}, "5-6"},
      {"one thread is left", dual, {}, "0-7", {Shape::one_per_core, Level::core, 1}, "0"},
      {"without a class likewise", dual, {}, "0,8,15", {Shape::fewest_units, Level::cpu, 2}, "0,8"},
      {"of shared CPUs, too",
       smt,
       {held("0-7", Level::none)},
       "0,3-4",
       {Shape::packed, Level::none, 2},
       "0,4"},
  };
  for (const auto& row : rows) check(row);
}

TEST_CASE("shrinking: a spread stays even") {
  const auto dual = topology::testing::dual_socket_smt();
  const auto four = topology::testing::four_numa_nodes();
  const ResizeRow rows[] = {
      {"out of the node that has more", dual, {}, "0-2,4", {Shape::spread, Level::cpu, 2}, "0,4"},
      {"out of each in turn", dual, {}, "0-1,4-5", {Shape::spread, Level::cpu, 2}, "0,4"},
      {"siblings first", dual, {}, "0-1,4-5,8,12", {Shape::spread, Level::cpu, 4}, "0-1,4-5"},
      {"whole cores first where they are its own",
       dual,
       {},
       "0-1,4,8,12",
       {Shape::spread, Level::core, 4},
       "0,4,8,12"},
      {"over four nodes", four, {}, "0-7", {Shape::spread, Level::cpu, 6}, "0-4,6"},
  };
  for (const auto& row : rows) check(row);
}

TEST_CASE("shrinking: whole sockets and NUMA nodes are given back as soon as they can") {
  const auto dual = topology::testing::dual_socket_smt();
  const auto four = topology::testing::four_numa_nodes();
  const ResizeRow rows[] = {
      {"one socket is enough", dual, {}, "0-3,4-7", {Shape::spread, Level::socket, 4}, "0-3"},
      {"the socket that it has more of", dual, {}, "0-1,4-7", {Shape::spread, Level::socket, 4}, "4-7"},
      {"two sockets are needed: even", dual, {}, "0-7", {Shape::spread, Level::socket, 6}, "0-2,4-6"},
      {"one NUMA node is enough", four, {}, "0-3", {Shape::packed, Level::numa, 2}, "0-1"},
      {"two of three NUMA nodes", four, {}, "0-2,4-5", {Shape::packed, Level::numa, 4}, "0-1,4-5"},
  };
  for (const auto& row : rows) check(row);
}

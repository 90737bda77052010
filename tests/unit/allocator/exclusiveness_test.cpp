#include <catch2/catch_test_macros.hpp>

#include <actimanager/allocator/exclusiveness.hpp>

#include "machines.hpp"

using namespace actimanager;
using namespace actimanager::allocator;
using Level = api::ExclusivenessLevel;

TEST_CASE("a level widens a set to its cores, sockets or NUMA nodes") {
  const auto machine = topology::testing::dual_socket_smt();  // socket 0: CPUs 0-3,8-11
  CHECK(exclusive_cpus(*machine, {1, 12}, Level::none).empty());
  CHECK(exclusive_cpus(*machine, {1, 12}, Level::cpu) == CpuSet{1, 12});
  CHECK(exclusive_cpus(*machine, {1, 12}, Level::core) == CpuSet{1, 9, 4, 12});
  CHECK(exclusive_cpus(*machine, {1}, Level::socket) == CpuSet{0, 1, 2, 3, 8, 9, 10, 11});
  CHECK(exclusive_cpus(*machine, {12}, Level::numa) == CpuSet{4, 5, 6, 7, 12, 13, 14, 15});
  for (const auto level : {Level::none, Level::cpu, Level::core, Level::socket, Level::numa}) {
    CHECK(exclusive_cpus(*machine, {}, level).empty());
  }
}

TEST_CASE("CPUs that the machine does not know, or that are in no NUMA node, stand for themselves") {
  const auto machine = topology::testing::make_machine({.numa_per_socket = 0});
  CHECK(exclusive_cpus(*machine, {1}, Level::numa) == CpuSet{1});
  for (const auto level : {Level::cpu, Level::core, Level::socket, Level::numa}) {
    CHECK(exclusive_cpus(*machine, {500}, level) == CpuSet{500});
  }
}

#include <algorithm>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <actimanager/topology/topology.hpp>

#include "machines.hpp"

using namespace actimanager;
using namespace actimanager::topology;
using topology::testing::dual_socket_smt;
using topology::testing::hybrid;

namespace {

// Two sockets with one core of two threads each; the cores have the same id.
Parts two_small_sockets() {
  return {.sockets = {{SocketId{0}, {0, 1}}, {SocketId{1}, {2, 3}}},
          .cores = {{CoreId{0}, SocketId{0}, {0, 1}}, {CoreId{0}, SocketId{1}, {2, 3}}},
          .numa_nodes = {{.id = NumaId{0}, .cpus = {0, 1}}, {.id = NumaId{4}, .cpus = {2, 3}}},
          .caches = {{.cpus = {0, 1}}},
          .cpu_kinds = {{"performance", {0, 1}}}};
}

}  // namespace

TEST_CASE("parts that do not describe one machine are refused and the part is named") {
  struct Row {
    const char* message;
    void (*spoil)(Parts&);
  };
  const auto row = GENERATE(
      Row{"socket 1 is there twice", [](Parts& p) { p.sockets[0].id = SocketId{1}; }},
      Row{"NUMA node 4 is there twice", [](Parts& p) { p.numa_nodes[0].id = NumaId{4}; }},
      Row{"core 0 of socket 1 has no CPU", [](Parts& p) { p.cores[1].cpus.clear(); }},
      Row{"CPUs 1 of core 0 of socket 1 are in another core too",
          [](Parts& p) { p.cores[1].cpus.insert(CpuId{1}); }},
      Row{"core 0 of socket 0 is there twice",
          [](Parts& p) {
            p.cores.push_back({CoreId{0}, SocketId{0}, {7}});
            p.sockets[0].cpus.insert(CpuId{7});
          }},
      Row{"socket 7 has no CPU", [](Parts& p) { p.sockets.push_back({SocketId{7}, {}}); }},
      Row{"socket 1: its CPUs are 2-3,9, its cores' are 2-3",
          [](Parts& p) { p.sockets[1].cpus.insert(CpuId{9}); }},
      Row{"socket 0: its CPUs are 0, its cores' are 0-1", [](Parts& p) { p.sockets[0].cpus = {0}; }},
      Row{"core 5 is in socket 9, which is not there",
          [](Parts& p) { p.cores.push_back({CoreId{5}, SocketId{9}, {8}}); }},
      Row{"core 5 is in socket -1, which is not there",
          [](Parts& p) { p.cores.push_back({CoreId{5}, SocketId{-1}, {8}}); }},
      Row{"NUMA node 4: CPU 8 is in no core", [](Parts& p) { p.numa_nodes[1].cpus.insert(CpuId{8}); }},
      Row{"CPU 1 is in two NUMA nodes", [](Parts& p) { p.numa_nodes[1].cpus.insert(CpuId{1}); }},
      Row{"L3 cache: CPUs 8 are in no core", [](Parts& p) { p.caches[0].cpus.insert(CpuId{8}); }},
      Row{"CPU kind performance: CPUs 8 are in no core",
          [](Parts& p) { p.cpu_kinds[0].cpus.insert(CpuId{8}); }});
  auto parts = two_small_sockets();
  REQUIRE(Topology::make(parts));
  row.spoil(parts);
  const auto made = Topology::make(std::move(parts));
  REQUIRE_FALSE(made);
  CHECK(made.error().code == Errc::invalid_argument);
  CHECK(made.error().context == row.message);
}

TEST_CASE("a machine without CPUs is one") {
  const auto empty = Topology::make({});
  REQUIRE(empty);
  CHECK(empty->cpus().empty());
  CHECK(*empty == Topology());
  CHECK(empty->core_of(CpuId{0}) == nullptr);
}

TEST_CASE("parts are sorted whatever their order, so that equal machines compare equal") {
  auto parts = dual_socket_smt()->parts();
  std::ranges::reverse(parts.sockets);
  std::ranges::reverse(parts.cores);
  std::ranges::reverse(parts.numa_nodes);
  std::ranges::reverse(parts.caches);
  const auto again = Topology::make(std::move(parts));
  REQUIRE(again);
  CHECK(*again == *dual_socket_smt());
  CHECK(again->sockets().front().id == SocketId{0});
  CHECK(again->cores().front().cpus == CpuSet{0, 8});
}

TEST_CASE("a CPU is found in its core, socket and NUMA node, by its own id alone") {
  const auto machine = Topology::make(two_small_sockets()).value();
  CHECK(machine.cpus() == CpuSet{0, 1, 2, 3});
  CHECK(machine.core_of(CpuId{3})->socket == SocketId{1});
  CHECK(machine.core_of(CpuId{3})->cpus == CpuSet{2, 3});  // though both cores have the id 0
  CHECK(machine.socket_of(CpuId{1})->id == SocketId{0});
  CHECK(machine.numa_node_of(CpuId{2})->id == NumaId{4});
  for (const int absent : {-1, 4, 64, 8191}) {
    CHECK(machine.core_of(CpuId{absent}) == nullptr);
    CHECK(machine.socket_of(CpuId{absent}) == nullptr);
    CHECK(machine.numa_node_of(CpuId{absent}) == nullptr);
  }
}

TEST_CASE("sets widen to whole cores, sockets and NUMA nodes, and keep what is in none") {
  const auto machine = *dual_socket_smt();  // socket and NUMA node 0: CPUs 0-3,8-11
  CHECK(machine.widen_to_cores({1, 12}) == CpuSet{1, 9, 4, 12});
  CHECK(machine.widen_to_sockets({1}) == CpuSet{0, 1, 2, 3, 8, 9, 10, 11});
  CHECK(machine.widen_to_numa_nodes({15}) == CpuSet{4, 5, 6, 7, 12, 13, 14, 15});
  CHECK(machine.widen_to_cores({}).empty());
  CHECK(machine.widen_to_cores({1, 500}) == CpuSet{1, 9, 500});
  CHECK(machine.widen_to_sockets({500}) == CpuSet{500});

  const auto without_numa = *topology::testing::make_machine({.numa_per_socket = 0});
  CHECK(without_numa.widen_to_numa_nodes({1}) == CpuSet{1});
  CHECK(without_numa.numa_ids().empty());
  CHECK(without_numa.numa_nodes_of({1}).empty());
}

TEST_CASE("NUMA nodes of a set are those it touches; one without CPUs is touched by none") {
  auto parts = two_small_sockets();
  parts.numa_nodes.push_back({.id = NumaId{2}, .cpus = {}, .memory_bytes = 1 << 30});
  const auto machine = Topology::make(std::move(parts)).value();
  CHECK(machine.numa_nodes_of({0}) == NumaSet{0});
  CHECK(machine.numa_nodes_of({0, 3}) == NumaSet{0, 4});
  CHECK(machine.numa_ids() == NumaSet{0, 2, 4});
}

TEST_CASE("kinds of cores and sparse ids up to the kernel's largest are kept") {
  CHECK(hybrid()->cpu_kinds().size() == 2);
  Parts parts{.sockets = {{SocketId{36}, {8191}}}, .cores = {{CoreId{77}, SocketId{36}, {8191}}}};
  const auto machine = Topology::make(std::move(parts)).value();
  CHECK(machine.core_of(CpuId{8191})->id == CoreId{77});
  CHECK(machine.core_of(CpuId{8190}) == nullptr);
}

#include <catch2/catch_test_macros.hpp>

#include <actimanager/allocator/placement.hpp>

#include "machines.hpp"

using namespace actimanager;
using namespace actimanager::allocator;
using Level = api::ExclusivenessLevel;

namespace {

struct Row {
  const char* what;
  topology::testing::Machine machine;
  std::vector<Holding> held;
  Request request;
  const char* cpus;  // "" : does not fit
  const char* reason = "";
  CpuSet reserved = {};
};

void check(const Row& row) {
  INFO(row.what);
  Occupancy occupancy(row.machine, row.reserved);
  for (const auto& holding : row.held) occupancy.add(holding);
  const auto fit = fits(occupancy, row.request);
  const auto placement = place(occupancy, row.request);
  CHECK(fit.reason == row.reason);
  CHECK(fit.possible == placement.has_value());
  CHECK((placement ? placement->cpus.to_string() : "") == row.cpus);
  if (placement) CHECK(placement->level == row.request.level);
}

Holding held(const char* cpus, Level level) {
  return {*CpuSet::parse(cpus), level};
}

}  // namespace

TEST_CASE("spread: memory-bound threads go evenly over the NUMA nodes") {
  const auto dual = topology::testing::dual_socket_smt();
  const auto four = topology::testing::four_numa_nodes();
  const Row rows[] = {
      {"four threads, two on each socket, on cores of their own",
       dual,
       {},
       {Shape::spread, Level::cpu, 4},
       "0-1,4-5"},
      {"an odd one goes where there is more room",
       dual,
       {held("0", Level::cpu)},
       {Shape::spread, Level::cpu, 3},
       "1,4-5"},
      {"one on each of four NUMA nodes", four, {}, {Shape::spread, Level::cpu, 4}, "0,2,4,6"},
      {"as even as what is free allows",
       dual,
       {held("0-3,8-10", Level::cpu)},
       {Shape::spread, Level::cpu, 4},
       "4-6,11"},
      {"siblings only when the cores run out", dual, {}, {Shape::spread, Level::cpu, 12}, "0-9,12-13"},
      {"more than is free",
       dual,
       {held("0-9", Level::cpu)},
       {Shape::spread, Level::cpu, 7},
       "",
       "node(s) had no 7 free CPUs"},
      {"all but the shared pool's last", dual, {}, {Shape::spread, Level::cpu, 15}, "0-14"},
      {"never all of the pool",
       dual,
       {},
       {Shape::spread, Level::cpu, 16},
       "",
       "node(s) needed 1 CPU for the shared pool"},
      {"whole cores: a core for each thread", dual, {}, {Shape::spread, Level::core, 4}, "0-1,4-5"},
      {"whole cores: siblings together where the pool needs the rest",
       dual,
       {},
       {Shape::spread, Level::core, 4, 9},
       "0-1,8-9"},
      {"an exclusive socket: as few sockets as do", dual, {}, {Shape::spread, Level::socket, 4}, "0-3"},
      {"an exclusive socket is there only while it is free",
       dual,
       {held("1", Level::none), held("12", Level::cpu)},
       {Shape::spread, Level::socket, 1},
       "",
       "node(s) had no 1 CPU in free whole sockets"},
      {"both sockets would leave no pool",
       dual,
       {},
       {Shape::spread, Level::socket, 9},
       "",
       "node(s) needed 1 CPU for the shared pool"},
      {"exclusive NUMA nodes, two of four", four, {}, {Shape::spread, Level::numa, 3}, "0-2"},
  };
  for (const auto& row : rows) check(row);
}

TEST_CASE("one_per_core: CPU-bound threads go on idle cores, of one socket if possible") {
  const auto dual = topology::testing::dual_socket_smt();
  const Row rows[] = {
      {"three cores of one socket", dual, {}, {Shape::one_per_core, Level::cpu, 3}, "0-2"},
      {"the tighter socket, so that the other stays whole",
       dual,
       {held("4", Level::cpu)},
       {Shape::one_per_core, Level::cpu, 3},
       "5-7"},
      {"the other socket, when the tighter one is too small",
       dual,
       {held("4", Level::cpu)},
       {Shape::one_per_core, Level::cpu, 4},
       "0-3"},
      {"both sockets, when one is not enough", dual, {}, {Shape::one_per_core, Level::cpu, 5}, "0-4"},
      {"a core in use is not idle, whoever uses it",
       dual,
       {held("8-10", Level::none), held("4-6", Level::core)},
       {Shape::one_per_core, Level::cpu, 3},
       "",
       "node(s) had no 3 idle physical cores"},
      {"a core with a reserved thread is not idle",
       topology::testing::one_socket_smt(),
       {},
       {Shape::one_per_core, Level::cpu, 4},
       "",
       "node(s) had no 4 idle physical cores",
       {0}},
      {"whole cores", dual, {}, {Shape::one_per_core, Level::core, 2}, "0-1"},
      {"whole cores cost their siblings too",
       topology::testing::one_socket_smt(),
       {},
       {Shape::one_per_core, Level::core, 4},
       "",
       "node(s) needed 1 CPU for the shared pool"},
      {"performance cores first",
       topology::testing::hybrid(),
       {},
       {Shape::one_per_core, Level::cpu, 2},
       "0,2"},
      {"efficiency cores too, when they are needed",
       topology::testing::hybrid(),
       {},
       {Shape::one_per_core, Level::cpu, 6},
       "0,2,4-7"},
      {"the cheap cores, when the pool needs the others",
       topology::testing::hybrid(),
       {},
       {Shape::one_per_core, Level::core, 2, 5},
       "4-5"},
  };
  for (const auto& row : rows) check(row);
}

TEST_CASE("packed: I/O-bound threads share as few cores as possible") {
  const auto smt = topology::testing::one_socket_smt();
  const auto l3 = topology::testing::make_machine({.cores_per_numa = 8, .l3_per_half_numa = true});
  const Row rows[] = {
      {"siblings together", smt, {}, {Shape::packed, Level::cpu, 2}, "0,4"},
      {"the odd thread on a core that is in use already",
       smt,
       {held("3", Level::cpu)},
       {Shape::packed, Level::cpu, 3},
       "0,4,7"},
      {"one thread does not break into an idle core",
       smt,
       {held("2", Level::cpu)},
       {Shape::packed, Level::cpu, 1},
       "6"},
      {"half cores, when there are no whole ones",
       smt,
       {held("0-3", Level::cpu)},
       {Shape::packed, Level::cpu, 3},
       "4-6"},
      {"in one L3 group", l3, {held("0", Level::core)}, {Shape::packed, Level::cpu, 6}, "1-3,9-11"},
      {"whole cores", smt, {}, {Shape::packed, Level::core, 3}, "0-1,4"},
      {"whole cores only",
       smt,
       {held("0-2", Level::cpu)},
       {Shape::packed, Level::core, 3},
       "",
       "node(s) had no 3 CPUs in idle physical cores"},
  };
  for (const auto& row : rows) check(row);
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

TEST_CASE("a machine that nobody has described takes nobody") {
  const auto fit = fits(Occupancy(), {});
  CHECK_FALSE(fit.possible);
  CHECK(fit.reason == "node(s) had no CPU topology");
  CHECK_FALSE(place(Occupancy(), {}));
  check({"no NUMA node, no NUMA level",
         topology::testing::make_machine({.numa_per_socket = 0}),
         {},
         {Shape::packed, Level::numa, 1},
         "",
         "node(s) had no NUMA nodes"});
}

TEST_CASE("Fit says whether the shape can be had in full") {
  struct Ideal {
    const char* what;
    std::vector<Holding> held;
    Request request;
    bool ideal;
  };
  const Ideal rows[] = {
      {"even", {}, {Shape::spread, Level::cpu, 4}, true},
      {"two on one side, six on the other",
       {held("0-3,8-9", Level::cpu)},
       {Shape::spread, Level::cpu, 8},
       false},
      {"one socket", {}, {Shape::one_per_core, Level::cpu, 4}, true},
      {"two sockets although one could",
       {held("0,4", Level::cpu)},
       {Shape::one_per_core, Level::cpu, 4},
       false},
      {"two sockets because one never could", {}, {Shape::one_per_core, Level::cpu, 5}, true},
      {"siblings", {held("0", Level::cpu)}, {Shape::packed, Level::cpu, 2}, true},
      {"no siblings left", {held("0-7", Level::cpu)}, {Shape::packed, Level::cpu, 2}, false},
      {"one is always one", {held("0-7", Level::cpu)}, {Shape::single, Level::cpu, 1}, true},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    Occupancy occupancy(topology::testing::dual_socket_smt());
    for (const auto& holding : row.held) occupancy.add(holding);
    const auto fit = fits(occupancy, row.request);
    CHECK(fit.possible);
    CHECK(fit.ideal == row.ideal);
  }
}

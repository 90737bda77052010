#include "placement_table.hpp"

using namespace actimanager;
using namespace actimanager::allocator;
using namespace actimanager::allocator::testing;

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

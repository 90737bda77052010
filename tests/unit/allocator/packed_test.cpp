#include "placement_table.hpp"

using namespace actimanager;
using namespace actimanager::allocator;
using namespace actimanager::allocator::testing;

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

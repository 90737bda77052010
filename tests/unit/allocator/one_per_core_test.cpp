#include "placement_table.hpp"

using namespace actimanager;
using namespace actimanager::allocator;
using namespace actimanager::allocator::testing;

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

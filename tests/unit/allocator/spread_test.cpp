#include "choice.hpp"
#include "placement_table.hpp"

using namespace actimanager;
using namespace actimanager::allocator;
using namespace actimanager::allocator::testing;

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

TEST_CASE("threads are dealt out as evenly as the domains allow, the roomier ones get the odd ones") {
  CHECK(deal({4, 4}, 4) == std::vector{2, 2});
  CHECK(deal({4, 5}, 3) == std::vector{1, 2});
  CHECK(deal({1, 9}, 6) == std::vector{1, 5});
  CHECK(deal({0, 2, 2}, 4) == std::vector{0, 2, 2});
  CHECK(deal({3, 3}, 0) == std::vector{0, 0});
  CHECK(deal({3, 3}, 6) == std::vector{3, 3});
}

TEST_CASE("memory-bound threads spread over NUMA nodes, or over sockets where those tell more") {
  CHECK(memory_domains(*topology::testing::four_numa_nodes()).size() == 4);
  CHECK(memory_domains(*topology::testing::make_machine({.sockets = 2, .numa_per_socket = 0})).size() == 2);
  CHECK(memory_domains(*topology::testing::one_socket_smt()).size() == 1);
}

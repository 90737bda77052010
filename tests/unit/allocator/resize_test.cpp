#include "resize_table.hpp"

using namespace actimanager;
using namespace actimanager::allocator;
using namespace actimanager::allocator::testing;

namespace {

// Two cores of two threads with the ids 3, 10 and 40, 41, and one of a single thread, 77. No NUMA.
topology::testing::Machine sparse() {
  topology::Parts parts;
  parts.sockets = {{SocketId{0}, *CpuSet::parse("3,10,40-41,77")}};
  parts.cores = {{CoreId{0}, SocketId{0}, *CpuSet::parse("3,10")},
                 {CoreId{1}, SocketId{0}, *CpuSet::parse("40-41")},
                 {CoreId{2}, SocketId{0}, *CpuSet::parse("77")}};
  return std::make_shared<topology::Topology>(*topology::Topology::make(std::move(parts)));
}

}  // namespace

TEST_CASE("a resize to what it has changes nothing") {
  const auto dual = topology::testing::dual_socket_smt();
  for (const auto shape : {Shape::spread, Shape::one_per_core, Shape::packed, Shape::fewest_units}) {
    for (const auto level : {Level::none, Level::cpu, Level::core, Level::socket, Level::numa}) {
      check({"as it is", dual, {}, "0,9", {shape, level, 2}, "0,9"});
    }
  }
}

TEST_CASE("whole units: what is paid for already comes first, then the cheapest others") {
  const auto dual = topology::testing::dual_socket_smt();
  const auto four = topology::testing::four_numa_nodes();
  const ResizeRow rows[] = {
      {"room in its own socket", dual, {}, "0-3", {Shape::spread, Level::socket, 6}, "0-3,8-9"},
      {"another NUMA node of its socket", four, {}, "4-5", {Shape::packed, Level::numa, 3}, "4-6"},
      {"another socket's, where its own has none",
       four,
       {held("6", Level::cpu)},
       "4-5",
       {Shape::packed, Level::numa, 3},
       "0,4-5"},
      {"no whole one is left",
       four,
       {held("0,2,6", Level::cpu)},
       "4-5",
       {Shape::packed, Level::numa, 3},
       "",
       "1 more CPU in free whole NUMA nodes"},
      {"the only other socket is the pool's",
       dual,
       {},
       "0-3,8-11",
       {Shape::packed, Level::socket, 9},
       "",
       "1 more CPU in free whole sockets beside the 1 that its shared pool needs"},
  };
  for (const auto& row : rows) check(row);
}

TEST_CASE("a full node has nothing to give, and says what is missing") {
  const auto smt = topology::testing::one_socket_smt();
  const ResizeRow rows[] = {
      {"others have all but one, which is the pool's",
       smt,
       {held("2-6", Level::cpu)},
       "0-1",
       {Shape::packed, Level::cpu, 3},
       "",
       "1 more free CPU beside the 1 that its shared pool needs"},
      {"others have all",
       smt,
       {held("2-6", Level::cpu), held("7", Level::none)},
       "0-1",
       {Shape::packed, Level::cpu, 4},
       "",
       "2 more free CPUs"},
      {"halves of cores are not whole ones",
       smt,
       {held("1-3", Level::cpu)},
       "0",
       {Shape::packed, Level::core, 3},
       "",
       "2 more CPUs in idle physical cores"},
  };
  for (const auto& row : rows) check(row);
}

TEST_CASE("CPUs that cannot be had again are replaced") {
  const auto smt = topology::testing::one_socket_smt();
  const ResizeRow rows[] = {
      {"reserved since", smt, {}, "0-1", {Shape::packed, Level::cpu, 2}, "1,5", "", *CpuSet::parse("0")},
      {"offline since", smt, {}, "1,9", {Shape::packed, Level::cpu, 2}, "1,5"},
      {"every one of them: as for a new Pod", smt, {}, "8-9", {Shape::one_per_core, Level::core, 2}, "0-1"},
  };
  for (const auto& row : rows) check(row);
}

TEST_CASE("sparse ids, no NUMA, cores of unequal size") {
  const auto machine = sparse();
  const ResizeRow rows[] = {
      {"packed", machine, {}, "3", {Shape::packed, Level::cpu, 3}, "3,10,77"},
      {"packed in whole cores", machine, {}, "3,10", {Shape::packed, Level::core, 4}, "3,10,40-41"},
      {"the small core, where the large one is too dear",
       machine,
       {},
       "3",
       {Shape::one_per_core, Level::core, 2, 2},
       "3,77"},
      {"spread without NUMA", machine, {}, "40", {Shape::spread, Level::cpu, 3}, "3,40,77"},
      {"no NUMA nodes to take whole",
       machine,
       {},
       "3",
       {Shape::packed, Level::numa, 2},
       "",
       "2 more CPUs in free whole NUMA nodes"},
      {"given back", machine, {}, "3,10,40,77", {Shape::packed, Level::core, 2}, "3,10"},
  };
  for (const auto& row : rows) check(row);
}

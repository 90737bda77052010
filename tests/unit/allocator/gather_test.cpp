#include <catch2/catch_test_macros.hpp>

#include "choice.hpp"
#include "machines.hpp"

using namespace actimanager;
using namespace actimanager::allocator;
using namespace actimanager::topology::testing;

namespace {

// The CPUs of `count` cores out of those that lie wholly in `open`.
std::string gathered(const topology::Topology& topology, const char* open, std::size_t count,
                     Prefer prefer = Prefer::nothing) {
  CpuSet cpus;
  for (const auto core : gather(topology, whole_cores(topology, *CpuSet::parse(open)), count, prefer)) {
    cpus |= topology.cores()[core].cpus;
  }
  return cpus.to_string();
}

}  // namespace

TEST_CASE("only cores all of whose CPUs are open are whole") {
  const auto machine = one_socket_smt();  // CPU n and n+4 are siblings
  CHECK(whole_cores(*machine, {0, 1, 2, 4, 6}).size() == 2);
  CHECK(whole_cores(*machine, {}).empty());
  CHECK(whole_cores(*machine, machine->cpus()).size() == 4);
}

TEST_CASE("cores are gathered in the tightest group that has as many") {
  const auto four = four_numa_nodes();  // two CPUs each in NUMA nodes 0 and 1 (socket 0), 2 and 3 (socket 1)
  CHECK(gathered(*four, "0-7", 2) == "0-1");
  CHECK(gathered(*four, "1,2-3,4-7", 2) == "2-3");  // the node in the socket that is broken into already
  CHECK(gathered(*four, "1,4-7", 1) == "1");        // leaves the whole nodes whole
  CHECK(gathered(*four, "0-7", 3) == "0-2");        // one socket
  CHECK(gathered(*four, "0,1,3,4-7", 4) == "4-7");  // the socket that has four
  CHECK(gathered(*four, "0-7", 5) == "0-4");
  CHECK(gathered(*four, "0-7", 0).empty());
}

TEST_CASE("cores of the kind that is preferred come first") {
  const auto machine = hybrid();  // performance 0-3 (two cores), efficiency 4-7 (four)
  CHECK(gathered(*machine, "0-7", 2, Prefer::performance) == "0-3");
  CHECK(gathered(*machine, "0-7", 2, Prefer::efficiency) == "4-5");
  CHECK(gathered(*machine, "0-7", 3, Prefer::performance) == "0-4");
  CHECK(gathered(*machine, "0-7", 5, Prefer::efficiency) == "0-1,4-7");  // all of them, and one of the others
}

#include <stdlib.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <actimanager/host/discovery.hpp>

#include "cgroup_layout_fake.hpp"

using namespace actimanager;
using namespace actimanager::host;
using topology::Topology;

namespace {

const std::string fixtures = FIXTURES;

Topology synthetic(const char* description) {
  return value_or_throw(discover({.xml_file = {}, .synthetic = description}));
}
Topology xml(const std::string& name) {
  return value_or_throw(discover({.xml_file = fixtures + "/" + name, .synthetic = {}}));
}
std::string error_of(const DiscoveryOptions& options) {
  const auto found = discover(options);
  REQUIRE_FALSE(found);
  CHECK(found.error().code == Errc::invalid_argument);
  return found.error().context;
}

// A variable of this process, as long as it lives.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) { ::setenv(name, value.c_str(), 1); }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

}  // namespace

TEST_CASE("a synthetic machine beyond what any CPU id can name is refused, without being made") {
  for (const char* description :
       {"pack:100000 core:4 pu:2", "pack:2 core:2048 pu:4", "pu:99999999999999999999", "100 100"}) {
    CHECK(error_of({.xml_file = {}, .synthetic = description}) ==
          std::string("synthetic topology \"") + description + "\": more than 8192 CPUs");
  }
}

TEST_CASE("a synthetic machine has the parts it is described by") {
  const auto machine = synthetic("pack:2 [numa(memory=1GiB)] l3:2 core:2 pu:2");
  CHECK(machine.cpus() == CpuSet::range(0, 15));
  REQUIRE(machine.sockets().size() == 2);
  CHECK(machine.sockets()[1].cpus == CpuSet::range(8, 15));
  REQUIRE(machine.cores().size() == 8);
  CHECK(machine.core_of(CpuId{9})->cpus == CpuSet{8, 9});
  REQUIRE(machine.numa_nodes().size() == 2);
  CHECK(machine.numa_nodes()[0].cpus == CpuSet::range(0, 7));
  CHECK(machine.numa_nodes()[0].memory_bytes == 1ULL << 30);
  REQUIRE(machine.caches().size() == 4);
  CHECK(machine.caches()[3].cpus == CpuSet::range(12, 15));
  CHECK(machine.cpu_kinds().empty());
}

TEST_CASE("CPUs may be numbered in any way") {
  const auto machine = synthetic("pack:2 core:2 pu:2(indexes=core:pack)");
  // Neighbours in number are first threads of different cores.
  CHECK(machine.core_of(CpuId{0})->cpus == machine.widen_to_cores({0}));
  CHECK(machine.cores().size() == 4);
  for (const auto& core : machine.cores()) CHECK(core.cpus.size() == 2);
  CHECK(machine.cpus() == CpuSet::range(0, 7));
}

TEST_CASE(
    "where there are no packages all cores are in one socket, where there are no cores each CPU is one") {
  const auto without_packages = synthetic("core:3 pu:2");
  CHECK(without_packages.sockets().size() == 1);
  CHECK(without_packages.cores().size() == 3);
  CHECK(without_packages.numa_nodes().size() ==
        1);  // hwloc and the kernel have one node where there is no NUMA
  const auto without_cores = synthetic("pack:2 pu:3");
  CHECK(without_cores.sockets().size() == 2);
  CHECK(without_cores.cores().size() == 6);
}

TEST_CASE("ids are the kernel's: sparse ones, core ids that repeat between sockets, CPUs that are offline") {
  const auto machine = xml("two-sockets.xml");
  CHECK(machine.cpus() == CpuSet{0, 1, 2, 3, 8, 9, 10});  // 11 is offline
  REQUIRE(machine.sockets().size() == 2);
  CHECK(machine.sockets()[0].id == SocketId{0});
  CHECK(machine.sockets()[1].id == SocketId{3});
  REQUIRE(machine.cores().size() == 4);
  CHECK(machine.core_of(CpuId{10})->id == CoreId{2});
  CHECK(machine.core_of(CpuId{10})->cpus == CpuSet{2, 10});
  CHECK(machine.core_of(CpuId{3})->id == CoreId{2});
  CHECK(machine.core_of(CpuId{3})->socket == SocketId{3});
  CHECK(machine.core_of(CpuId{3})->cpus == CpuSet{3});
}

TEST_CASE(
    "memory near CPUs that belong to another node is a node without CPUs, distances are in ascending order "
    "of ids") {
  const auto machine = xml("two-sockets.xml");
  const auto& nodes = machine.numa_nodes();
  REQUIRE(nodes.size() == 3);
  CHECK(nodes[1].id == NumaId{2});
  CHECK(nodes[1].cpus == CpuSet{1, 3, 9});
  CHECK(nodes[2].id == NumaId{4});
  CHECK(nodes[2].cpus.empty());
  CHECK(nodes[2].memory_bytes == 16ULL << 30);
  CHECK(nodes[2].distances == std::vector{30, 17, 10});
  CHECK(machine.numa_node_of(CpuId{9})->id == NumaId{2});
}

TEST_CASE("performance and efficiency cores are told apart") {
  const auto machine = xml("hybrid.xml");
  REQUIRE(machine.cpu_kinds().size() == 2);
  CHECK(machine.cpu_kinds()[0] == topology::CpuKind{"performance", CpuSet::range(0, 3)});
  CHECK(machine.cpu_kinds()[1] == topology::CpuKind{"efficiency", CpuSet::range(4, 7)});
  CHECK(machine.core_of(CpuId{3})->cpus == CpuSet{2, 3});
  CHECK(machine.core_of(CpuId{7})->cpus == CpuSet{7});
  CHECK(machine.caches().at(0).size_bytes == 12ULL << 20);
}

TEST_CASE("what describes no machine is refused, and named with where it came from") {
  const auto missing = fixtures + "/nowhere.xml";
  CHECK(error_of({.xml_file = missing, .synthetic = {}}) == missing + ": No such file or directory");
  const testing::CgroupLayoutFake directory(CgroupVersion::v1);
  const auto path = (directory.root() / "machine.xml").string();
  std::ofstream(path) << "";
  CHECK(error_of({.xml_file = path, .synthetic = {}}) == path + ": is empty");
  std::ofstream(path) << "<topology>nonsense";
  CHECK(error_of({.xml_file = path, .synthetic = {}}).starts_with(path + ": not an hwloc XML topology"));
  CHECK(error_of({.xml_file = {}, .synthetic = "two of them"})
            .starts_with("synthetic topology \"two of them\": not an hwloc synthetic topology"));
  CHECK(error_of({.xml_file = path, .synthetic = "pu:1"}) ==
        "an XML file and a synthetic topology exclude each other");
}

TEST_CASE("an id beyond what the kernel has is out of range") {
  const auto found = discover({.xml_file = {}, .synthetic = "pu:2(indexes=0,8192)"});
  REQUIRE_FALSE(found);
  CHECK(found.error().code == Errc::out_of_range);
}

TEST_CASE("hwloc's variables are honoured, and errors in them are not passed over") {
  {
    const Variable text("HWLOC_SYNTHETIC", "pack:3 core:1 pu:1");
    CHECK(discover().value().sockets().size() == 3);
    CHECK(synthetic("pack:4 pu:1").sockets().size() == 4);  // what is asked for comes first
    const Variable file("HWLOC_XMLFILE", fixtures + "/hybrid.xml");
    CHECK(discover().value().cpu_kinds().size() == 2);
  }
  const Variable wrong("HWLOC_SYNTHETIC", "pack");
  CHECK(error_of({}).starts_with("HWLOC_SYNTHETIC=\"pack\": "));
}

TEST_CASE("this machine has the CPUs that its kernel has online") {
  const auto machine = discover().value();
  CHECK(machine.cpus() == online_cpus().value());
  CHECK_FALSE(machine.cpus().empty());
}

#include <random>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <nlohmann/json.hpp>

#include <actimanager/api/json_cursor.hpp>
#include <actimanager/api/node_cpu_topology.hpp>

#include "machines.hpp"

using namespace actimanager;
using namespace actimanager::api;
using nlohmann::json;

namespace {

// One socket, two cores of one thread, as the schema spells it.
json small_topology() {
  return json::parse(
      R"({"sockets": {"0": {"cores": {"0": {"cpus": [0]}, "3": {"cpus": [1]}}, "cpus": [0, 1]}},
                         "numaNodes": {"0": {"cpus": [0, 1]}}, "cpus": [0, 1]})");
}

json object_with(const json& topology) {
  return {{"metadata", {{"name", "node-a-cputopology"}}},
          {"spec", {{"nodeName", "node-a"}, {"topology", topology}}}};
}

}  // namespace

TEST_CASE("a topology is written with its ids as keys") {
  const auto machine = topology::testing::make_machine({.cores_per_numa = 2, .threads = 1});
  CHECK(encode(*machine) == json::parse(R"({
    "sockets": {"0": {"cores": {"0": {"cpus": [0]}, "1": {"cpus": [1]}}, "cpus": [0, 1]}},
    "numaNodes": {"0": {"cpus": [0, 1]}},
    "cpus": [0, 1],
    "caches": [{"level": 3, "cpus": [0, 1]}]})"));
}

TEST_CASE("any machine survives the way out and back") {
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    const auto machine = topology::testing::random_machine(random, 40);
    const auto back = decode_topology(JsonDocument(json::parse(encode(*machine).dump())).root());
    REQUIRE(back);
    REQUIRE(*back == *machine);
  }
}

TEST_CASE("memory, distances, cache sizes and kinds of cores survive too") {
  auto parts = topology::testing::hybrid()->parts();
  parts.numa_nodes[0].memory_bytes = 1ULL << 36;
  parts.numa_nodes[0].distances = {10};
  parts.caches = {{.level = 3, .cpus = {0, 1, 2, 3}, .size_bytes = 30 << 20}};
  const auto machine = topology::Topology::make(std::move(parts)).value();
  CHECK(decode_topology(JsonDocument(encode(machine)).root()).value() == machine);
}

TEST_CASE("a socket's CPUs may be left out, they are its cores'") {
  auto topology = small_topology();
  topology["sockets"]["0"].erase("cpus");
  topology.erase("cpus");
  CHECK(decode_topology(JsonDocument(topology).root()).value().sockets()[0].cpus == CpuSet{0, 1});
}

TEST_CASE("an object made with nodeName alone has no topology") {
  for (const auto& topology : {json(), json::object()}) {
    const auto object = decode<NodeCPUTopology>(object_with(topology)).value();
    CHECK(object.node_name == "node-a");
    CHECK(object.topology == nullptr);
  }
  CHECK(NodeCPUTopology::name_for("node-a") == "node-a-cputopology");
}

TEST_CASE("what is wrong in a topology is named") {
  struct Row {
    const char* where;
    const char* value;
    const char* message;
  };
  const auto row = GENERATE(
      Row{"/sockets/0/cores/3/cpus/0", R"("1")",
          R"(spec.topology.sockets["0"].cores["3"].cpus[0]: expected an integer)"},
      Row{"/sockets/0/cores/3/cpus/0", "-1",
          R"(spec.topology.sockets["0"].cores["3"].cpus[0]: -1 is not between 0 and 8191)"},
      Row{"/sockets/0/cores/3/cpus/0", "99999999999",
          R"(spec.topology.sockets["0"].cores["3"].cpus[0]: 99999999999 is not between 0 and 8191)"},
      Row{"/sockets/x", "{}", R"(spec.topology.sockets.x: its key is not an id such as "0")"},
      Row{"/sockets/-1", "{}", R"(spec.topology.sockets.-1: its key is not an id such as "0")"},
      Row{"/sockets/99999999999", "{}",
          R"(spec.topology.sockets["99999999999"]: its key is not an id such as "0")"},
      Row{"/numaNodes/8192", "{}", R"(spec.topology.numaNodes["8192"]: its id is too large)"},
      Row{"/numaNodes/0/cpus/0", "7", "spec.topology: NUMA node 0: CPU 7 is in no core"},
      Row{"/numaNodes/0/memoryBytes", "-5",
          R"(spec.topology.numaNodes["0"].memoryBytes: -5 is not between 0 and 9223372036854775807)"},
      Row{"/sockets/00", R"({"cores": {"0": {"cpus": [5]}}})", "spec.topology: socket 0 is there twice"},
      Row{"/sockets/0/cpus", "[0]", "spec.topology: socket 0: its CPUs are 0, its cores' are 0-1"},
      Row{"/cpus", "[0, 1, 2]", "spec.topology.cpus: is not the CPUs of the cores, 0-1"},
      Row{"/sockets", "[]", "spec.topology.sockets: expected an object"},
      Row{"/caches", R"([{"cpus": [9]}])", "spec.topology: L3 cache: CPUs 9 are in no core"},
      Row{"/cpuKinds", R"([{"name": 1}])", "spec.topology.cpuKinds[0].name: expected a string"});
  auto topology = small_topology();
  topology[json::json_pointer(row.where)] = json::parse(row.value);
  const auto decoded = decode<NodeCPUTopology>(object_with(topology));
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().context == row.message);
}

TEST_CASE("a topology's status survives the way out and back") {
  const NodeCPUTopology::Status status{
      .resource_status = TopologyStatus::fresh,
      .internal_ip = "10.0.0.1",
      .conditions = {{"Ready", ConditionStatus::true_, "Fresh", "", 2, Time{}}},
      .reserved_cpus = {0},
      .allocatable = {1, 2, 3},
      .exclusive = {2},
      .cgroup = {"v2", "systemd"},
      .last_change_time = Time{std::chrono::seconds(1'700'000'000)}};
  auto object = object_with(small_topology());
  object["status"] = encode(status);
  CHECK(decode<NodeCPUTopology>(object).value().status == status);
  CHECK_FALSE(encode(NodeCPUTopology::Status{}).contains("resourceStatus"));  // the schema has no empty one
}

TEST_CASE("what is published is read back, without a status") {
  NodeCPUTopology published;
  published.meta.name = "node-a-cputopology";
  published.node_name = "node-a";
  published.topology = topology::testing::dual_socket_smt();
  const auto object = encode_spec(published);
  CHECK(object["apiVersion"] == "cslab.ece.ntua.gr/v1alpha1");
  CHECK(object["kind"] == "NodeCPUTopology");
  CHECK_FALSE(object.contains("status"));
  const auto back = decode<NodeCPUTopology>(object).value();
  CHECK(back.node_name == "node-a");
  CHECK(*back.topology == *published.topology);
}

#include "simulate_command.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "files.hpp"

using namespace actimanager::app;
using namespace actimanager::app::testing;

namespace {

Told simulate(const SimulateOptions& options) {
  return told_by([](const auto& o, auto& out, auto& err) { return simulate_command(o, out, err); }, options);
}

struct Fixture : Files {
  SimulateOptions options{.cluster = {.files = {write("cluster.yaml", cluster_yaml)}},
                          .pods = {write("pods.yaml", pods_yaml)}};
};

}  // namespace

TEST_CASE("simulate shows where each Pod went, why not, and what the CPUs came to") {
  Fixture fixture;
  fixture.options.policies = {"MaximumUtilization", "Balanced"};
  const auto told = simulate(fixture.options);
  CHECK(told.status == 0);
  CHECK(told.err.empty());
  CHECK(
      told.out.starts_with("POD           MaximumUtilization  Balanced\n"
                           "default/new   a 1,5 (CPU)         a 1,5 (CPU)\n"
                           "default/huge  -                   -\n"));
  CHECK(told.out.contains("Not placed (Balanced):\n  default/huge: 0/2 nodes are available: "));
  CHECK(told.out.ends_with(
      "                           CPUS  UTILISATION  FREE  FRAGMENTED  IDLE CORES  IDLE SOCKETS\n"
      "before                       16        12.5%    14        0.0%  7/8         1/2\n"
      "after, MaximumUtilization    16        25.0%    12        0.0%  6/8         1/2\n"
      "after, Balanced              16        25.0%    12        0.0%  6/8         1/2\n"));
}

TEST_CASE("simulate draws the nodes' CPUs by who has them") {
  Fixture fixture;
  fixture.options.output = "map";
  const auto told = simulate(fixture.options);
  CHECK(told.out.starts_with("a: "));
  CHECK(told.out.contains("A default/new (1,5)"));
  CHECK(told.out.contains("B held before (0,4)"));
  CHECK(told.out.contains("\nb: "));
}

TEST_CASE("CPUs that a Pod's level keeps idle are its own") {
  Fixture fixture;
  fixture.options.output = "map";
  fixture.options.pods = {fixture.write("core.yaml", R"(
kind: Pod
metadata:
  name: core
  labels: {cslab.ece.ntua.gr/workload-type: cpu-bound}
  annotations: {cslab.ece.ntua.gr/exclusiveness-level: Core}
spec: {schedulerName: maestro, containers: [{name: c, resources: {requests: {cpu: "1"}}}]}
)")};
  const auto told = simulate(fixture.options);
  CHECK(told.out.contains("A default/core (1)"));
  CHECK(told.out.contains("B default/core, kept idle (5)"));
  CHECK(told.out.contains("C held before (0,4)"));
}

TEST_CASE("what somebody bound a Pod to by hand counts in a simulation") {
  Fixture fixture;
  fixture.options.output = "json";
  fixture.options.cluster.files = {fixture.write("cluster.yaml", std::string(cluster_yaml) + by_hand_yaml)};
  const auto run = nlohmann::json::parse(simulate(fixture.options).out)["runs"][0];
  CHECK(run["pods"][0]["cpus"] == "2,6");
  CHECK(run["after"]["exclusive"] == 4);
}

TEST_CASE("simulate -o json has a run for each policy") {
  Fixture fixture;
  fixture.options.output = "json";
  const auto json = nlohmann::json::parse(simulate(fixture.options).out);
  REQUIRE(json["runs"].size() == 1);
  const auto& run = json["runs"][0];
  CHECK(run["policy"].is_null());
  CHECK(run["pods"][0] == nlohmann::json{{"pod", "default/new"},
                                         {"node", "a"},
                                         {"cpus", "1,5"},
                                         {"exclusivenessLevel", "CPU"},
                                         {"message", ""},
                                         {"evicted", nlohmann::json::array()},
                                         {"evictedFor", nullptr}});
  CHECK(run["pods"][1]["node"].is_null());
  CHECK(run["before"]["exclusive"] == 2);
  CHECK(run["after"]["exclusive"] == 4);
}

TEST_CASE("who is evicted for a later Pod of the list is placed no more") {
  Fixture fixture;
  const auto pod = [](const char* name, int priority, int cpus) {
    return "---\nkind: Pod\nmetadata: {name: " + std::string(name) +
           ", labels: {cslab.ece.ntua.gr/workload-type: cpu-bound}}\nspec: {schedulerName: maestro, "
           "priority: " +
           std::to_string(priority) + ", containers: [{name: c, resources: {requests: {cpu: \"" +
           std::to_string(cpus) + "\"}}}]}\n";
  };
  fixture.options.pods = {fixture.write("pods.yaml", pod("low", 0, 3) + pod("high", 9, 3))};
  const auto told = simulate(fixture.options);
  CHECK(told.out.contains("default/low   -\ndefault/high  a "));
  CHECK(told.out.contains("\nEvicted (as configured):\n  default/low for default/high\n"));
  CHECK(told.out.contains("\nNot placed (as configured):\n  default/low: evicted for default/high\n"));
  fixture.options.output = "map";
  CHECK_FALSE(simulate(fixture.options).out.contains("default/low"));
  fixture.options.output = "json";
  const auto pods = nlohmann::json::parse(simulate(fixture.options).out)["runs"][0]["pods"];
  CHECK(pods[0]["node"] == "a");
  CHECK(pods[0]["evictedFor"] == "default/high");
  CHECK(pods[1]["evicted"] == nlohmann::json{"default/low"});
}

TEST_CASE("a Pod that the cluster has on a node is placed anew") {
  Fixture fixture;
  fixture.options.pods = {fixture.write("old.yaml", R"(
kind: Pod
metadata: {name: old, namespace: blue, labels: {cslab.ece.ntua.gr/workload-type: cpu-bound}}
spec: {schedulerName: maestro, containers: [{name: c, resources: {requests: {cpu: "3"}}}]}
)")};
  const auto told = simulate(fixture.options);
  CHECK(told.out.contains("\nbefore                  16         0.0%"));
  CHECK(told.out.contains("\nafter, as configured    16        18.8%"));  // 3 of 16
}

TEST_CASE("what simulate cannot do it says in one line") {
  Fixture fixture;
  fixture.options.policies = {"Fast"};
  CHECK(simulate(fixture.options).err.contains("policy: \"Fast\" is not one of"));
  fixture.options.policies.clear();
  fixture.options.pods = {fixture.top() + "/absent.yaml"};
  CHECK(simulate(fixture.options).err.contains("--pods: "));
  CHECK(simulate(fixture.options).status == 1);
}

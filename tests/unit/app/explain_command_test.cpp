#include "explain_command.hpp"

#include <sstream>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "files.hpp"

using namespace actimanager::app;
using namespace actimanager::app::testing;

namespace {

Told explain(const ExplainOptions& options) {
  return told_by(explain_command, options);
}

struct Fixture : Files {
  ExplainOptions options{.cluster = {.files = {write("cluster.yaml", cluster_yaml)}},
                         .pods = {write("pods.yaml", pods_yaml)}};
};

}  // namespace

TEST_CASE("explain tells a person the winner, the scores, and what would help elsewhere") {
  const Fixture fixture;
  const auto told = explain(fixture.options);
  CHECK(told.status == 0);
  CHECK(told.err.empty());
  CHECK(told.out.starts_with(
      "Pod default/new (profile maestro): node a, CPUs 1,5 (exclusiveness level CPU)\n"));
  CHECK(told.out.contains("WorkloadAware"));
  CHECK(told.out.contains(
      "b     TaintToleration  node(s) had untolerated taint(s)  remove the taint, or tolerate it\n"));
  CHECK(told.out.contains("Pod default/huge (profile maestro): nowhere\n  0/2 nodes are available: "));
}

TEST_CASE("explain -o json is one document for each Pod") {
  Fixture fixture;
  fixture.options.output = "json";
  std::istringstream lines(explain(fixture.options).out);
  std::vector<nlohmann::json> documents;
  for (std::string line; std::getline(lines, line);) documents.push_back(nlohmann::json::parse(line));
  REQUIRE(documents.size() == 2);
  CHECK(documents[0]["pod"] == "default/new");
  CHECK(documents[0]["winner"] == "a");
  CHECK(documents[0]["cpus"] == "1,5");
  CHECK(documents[0]["nodes"].size() == 2);
  CHECK(documents[1]["winner"].is_null());
}

TEST_CASE("a Pod of the dump is judged as if it had no node yet") {
  Fixture fixture;
  fixture.options.pods = {"blue/old"};
  const auto told = explain(fixture.options);
  CHECK(told.out.starts_with("Pod blue/old (profile maestro): node a, CPUs 0-"));
  CHECK_FALSE(told.out.contains("NodeName"));  // as it has one, all others would be refused
  fixture.options.profile = "default-scheduler";
  CHECK(explain(fixture.options).out.contains("(profile default-scheduler): node a, in the shared pool\n"));
}

TEST_CASE("a Pod of a file that the dump has is that one") {
  Fixture fixture;
  // All CPUs: beside itself it would find none.
  const auto cluster = fixture.write("cluster.yaml", std::string(cluster_yaml) + R"(
---
kind: Pod
metadata: {name: all, labels: {cslab.ece.ntua.gr/workload-type: cpu-bound}}
spec: {nodeName: a, schedulerName: maestro, containers: [{name: c, resources: {requests: {cpu: "3"}}}]}
)");
  fixture.options.cluster.files = {cluster};
  fixture.options.pods = {fixture.write("all.yaml", R"(
kind: Pod
metadata: {name: all, uid: another, labels: {cslab.ece.ntua.gr/workload-type: cpu-bound}}
spec: {nodeName: a, schedulerName: maestro, containers: [{name: c, resources: {requests: {cpu: "3"}}}]}
)")};
  CHECK(explain(fixture.options).out.starts_with("Pod default/all (profile maestro): node a, CPUs "));
}

TEST_CASE("what a Pod of the dump holds is counted again for those explained after it") {
  Fixture fixture;
  fixture.options.pods.insert(fixture.options.pods.begin(), "blue/old");
  CHECK(explain(fixture.options).out.contains("Pod default/new (profile maestro): node a, CPUs 1,5 "));
}

TEST_CASE("what somebody bound a Pod to by hand is what it gets") {
  Fixture fixture;
  fixture.options.cluster.files = {fixture.write("cluster.yaml", std::string(cluster_yaml) + by_hand_yaml)};
  const auto told = explain(fixture.options);
  CHECK(told.out.starts_with(
      "Pod default/new (profile maestro): node a, CPUs 2,6 (exclusiveness level Core)\n"));
}

TEST_CASE("a Pod on its way to a node is not in its own way") {
  Fixture fixture;
  fixture.options.cluster.files = {fixture.write("cluster.yaml", std::string(cluster_yaml) + R"(
---
kind: Pod
metadata: {name: begun, uid: u-begun, labels: {cslab.ece.ntua.gr/workload-type: cpu-bound}}
spec: {schedulerName: maestro, containers: [{name: c, resources: {requests: {cpu: "3"}}}]}
---
kind: PodCPUBinding
metadata:
  {name: begun-pcb, namespace: default, labels: {cslab.ece.ntua.gr/node-name: a},
   ownerReferences: [{apiVersion: v1, kind: Pod, name: begun, uid: u-begun, controller: true}]}
spec: {podName: begun, cpuSet: [{cpuID: 1}, {cpuID: 2}, {cpuID: 3}], exclusivenessLevel: CPU}
)")};
  fixture.options.pods = {"default/begun"};
  CHECK(explain(fixture.options).out.starts_with("Pod default/begun (profile maestro): node a, CPUs 1-3 "));
}

TEST_CASE("a Pod that is new to the cluster goes to the node its file names, or nowhere") {
  Fixture fixture;
  fixture.options.pods = {fixture.write("elsewhere.yaml", R"(
kind: Pod
metadata: {name: elsewhere}
spec: {nodeName: of-another-cluster, schedulerName: maestro, containers: [{name: c}]}
)")};
  const auto told = explain(fixture.options);
  CHECK(told.out.starts_with("Pod default/elsewhere (profile maestro): nowhere\n"));
  CHECK(told.out.contains("NodeName"));
}

TEST_CASE("explain says what would help a node without a topology, and a full shared pool") {
  Fixture fixture;
  fixture.options.cluster.files = {fixture.write(
      "bare.yaml", "kind: Node\nmetadata: {name: a}\nstatus: {allocatable: {cpu: '8', pods: '9'}}\n")};
  CHECK(explain(fixture.options).out.contains("no CPU topology  no agent has published the node's topology"));
  fixture.options.cluster.files = {fixture.write("full.yaml", std::string(cluster_yaml) + R"(
---
kind: Pod
metadata: {name: many}
spec: {nodeName: a, containers: [{name: c, resources: {requests: {cpu: "5"}}}]}
)")};
  CHECK(explain(fixture.options)
            .out.contains("needed 5 CPUs for the shared pool  move Pods out of the node's shared pool"));
}

TEST_CASE("a Pod behind a gate goes nowhere, whatever fits") {
  Fixture fixture;
  fixture.options.pods = {fixture.write("gated.yaml", R"(
kind: Pod
metadata: {name: gated}
spec: {schedulerName: maestro, schedulingGates: [{name: "example.com/wait"}], containers: [{name: c}]}
)")};
  CHECK(explain(fixture.options)
            .out.starts_with("Pod default/gated (profile maestro): nowhere\n"
                             "  waiting for scheduling gates: [example.com/wait]\n\n"
                             "   NODE  TOTAL"));
}

TEST_CASE("what explain cannot do it says in one line") {
  Fixture fixture;
  fixture.options.profile = "none";
  CHECK(explain(fixture.options).err ==
        "actimanager: pod default/new: there is no profile \"none\"; --profile names one\n");
  fixture.options.pods = {"blue/absent"};
  CHECK(explain(fixture.options).err ==
        "actimanager: --pod blue/absent: neither a file nor a Pod (namespace/name) of the cluster\n");
  CHECK(explain(fixture.options).status == 1);
}

#include "pod_files.hpp"

#include <catch2/catch_test_macros.hpp>

#include "files.hpp"

using namespace actimanager;
using namespace actimanager::app;
using actimanager::app::testing::Files;

namespace {

struct Fixture : Files {
  ClusterDump cluster = ClusterDump::read({write("cluster.yaml", R"(
kind: PriorityClass
metadata: {name: urgent}
value: 7000
preemptionPolicy: Never
---
kind: Pod
metadata: {name: known, uid: of-the-cluster}
spec: {containers: [{name: c}]}
)")})
                            .value();

  std::vector<scheduler::PodPointer> pods(const std::string& text) {
    return read_pods({write("pods.yaml", text)}, cluster).value();
  }
  std::string error(const std::string& text) {
    const auto read = read_pods({write("pods.yaml", text)}, cluster);
    REQUIRE_FALSE(read);
    return read.error().message();
  }
};

}  // namespace

TEST_CASE("Pods as people write them have what an API server fills in") {
  Fixture fixture;
  const auto pods = fixture.pods(app::testing::pods_yaml);
  REQUIRE(pods.size() == 2);
  CHECK(pods[0]->meta.key() == "default/new");
  CHECK(pods[0]->meta.uid == "default/new");
  CHECK(pods[0]->spec->containers[0].requests.at("cpu") == Quantity::units(2));
  CHECK(fixture.pods("kind: Pod\nmetadata: {name: p}\n")[0]->spec->scheduler_name == "default-scheduler");
}

TEST_CASE("what Pods ask about each other is asked in their own namespace, given or not") {
  Fixture fixture;
  const auto pods = fixture.pods(R"(
kind: Pod
metadata: {name: p}
spec:
  affinity:
    podAntiAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
      - {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: a}}}
)");
  CHECK(pods[0]->spec->pod_anti_affinity.required[0].namespaces == std::vector<std::string>{"default"});
}

TEST_CASE("quantities may be numbers") {
  Fixture fixture;
  const auto pods = fixture.pods(R"(
kind: Pod
metadata: {name: p, labels: {"requests": one}}
spec: {containers: [{name: c, resources: {requests: {cpu: 0.5, memory: 1e9, ephemeral-storage: 7}}}]}
)");
  const auto& requests = pods[0]->spec->containers[0].requests;
  CHECK(requests.at("cpu") == Quantity::milli(500));
  CHECK(requests.at("memory") == Quantity::units(1'000'000'000));
  CHECK(requests.at("ephemeral-storage") == Quantity::units(7));
  CHECK(fixture.error("kind: Pod\nmetadata: {name: p, labels: {version: 1.1}}\n")
            .contains("Pod default/p: metadata.labels.version: expected a string"));
}

TEST_CASE("on the host's network a port of a container is one of the host") {
  Fixture fixture;
  const auto ports = [&](const char* host_network) {
    return fixture
        .pods(std::string("kind: Pod\nmetadata: {name: p}\nspec: {hostNetwork: ") + host_network +
              ", containers: [{name: c, ports: [{containerPort: 80}, {containerPort: 81, hostPort: 8081}]}]}")
            [0]
        ->spec->containers[0]
        .ports;
  };
  REQUIRE(ports("true").size() == 2);
  CHECK(ports("true")[0].host_port == 80);
  CHECK(ports("true")[1].host_port == 8081);
  CHECK(ports("false").size() == 1);
}

TEST_CASE("a Pod as a whole requests what its containers do, and else what it is limited to") {
  Fixture fixture;
  const auto requests = [&](const char* resources) {
    return fixture
        .pods(std::string("kind: Pod\nmetadata: {name: p}\nspec: {overhead: {cpu: 5}, containers: [{name: c, "
                          "resources: {requests: {cpu: 2}, limits: {hugepages-2Mi: 4Mi}}}], resources: ") +
              resources + "}")[0]
        ->spec->pod_requests;
  };
  using List = api::ResourceList;
  CHECK(requests("{limits: {cpu: 6, memory: 1Gi}}") == List{{"cpu", Quantity::units(2)},
                                                            {"memory", Quantity::units(1 << 30)},
                                                            {"hugepages-2Mi", Quantity::units(4 << 20)}});
  CHECK(requests("{requests: {cpu: 3}, limits: {cpu: 6}}")->at("cpu") == Quantity::units(3));
  CHECK_FALSE(requests("{}"));
}

TEST_CASE("a Pod has the priority of its class") {
  Fixture fixture;
  const auto of = [&](const char* spec) {
    return fixture.pods(std::string("kind: Pod\nmetadata: {name: p}\nspec: ") + spec)[0];
  };
  CHECK(of("{priorityClassName: urgent}")->priority == 7000);
  CHECK(of("{priorityClassName: urgent}")->spec->preemption_policy == "Never");
  CHECK(of("{priorityClassName: urgent, priority: 3}")->priority == 3);
  CHECK(of("{priorityClassName: system-node-critical}")->priority == 2'000'001'000);
  CHECK(of("{}")->priority == 0);
  CHECK(fixture.error("kind: Pod\nmetadata: {name: p}\nspec: {priorityClassName: unheard-of}")
            .contains(
                "Pod default/p: spec.priorityClassName: the cluster has no PriorityClass \"unheard-of\""));
}

TEST_CASE("the class that is the default is that of Pods which name none") {
  const Files files;
  const auto cluster = ClusterDump::read({files.write("classes.yaml", R"(
kind: PriorityClass
metadata: {name: high}
value: 9
globalDefault: true
---
kind: PriorityClass
metadata: {name: low}
value: 4
globalDefault: true
)")});
  REQUIRE(cluster);
  const auto pods = read_pods({files.write("pod.yaml", "kind: Pod\nmetadata: {name: p}\n")}, *cluster);
  CHECK(pods.value()[0]->priority == 4);
}

TEST_CASE("each Pod is one of its own") {
  Fixture fixture;
  const auto named = fixture.pods(
      "kind: Pod\nmetadata: {generateName: p-}\n---\nkind: Pod\nmetadata: {generateName: p-}\n---\n"
      "kind: Pod\nmetadata: {generateName: p-, namespace: blue}\n");
  CHECK(named[0]->meta.key() == "default/p-1");
  CHECK(named[1]->meta.key() == "default/p-2");
  CHECK(named[2]->meta.key() == "blue/p-1");
  const auto beside =
      fixture.pods("kind: Pod\nmetadata: {generateName: p-}\n---\nkind: Pod\nmetadata: {name: p-1}\n");
  CHECK(beside[0]->meta.key() == "default/p-2");
  CHECK(beside[1]->meta.key() == "default/p-1");
  CHECK(fixture.pods("kind: Pod\nmetadata: {name: known}\n")[0]->meta.uid == "of-the-cluster");

  CHECK(fixture.error("kind: Pod\nmetadata: {name: p}\n---\nkind: Pod\nmetadata: {name: p}\n")
            .ends_with("Pod default/p is there twice"));
  CHECK(fixture.error("kind: Pod\nmetadata: {name: p, uid: of-the-cluster}\n")
            .ends_with("Pod default/p: metadata.uid: it is that of Pod default/known"));
  CHECK(fixture.error("kind: Pod\nspec: {}\n").contains("Pod without a name"));
  CHECK(fixture.error("kind: Node\n").ends_with("there is no Pod in it"));
}

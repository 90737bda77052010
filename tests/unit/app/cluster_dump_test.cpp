#include "cluster_dump.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>

#include "files.hpp"

using namespace actimanager;
using namespace actimanager::app;
using actimanager::app::testing::Files;

TEST_CASE("a dump may be YAML, JSON, several documents, a List, or a directory of them") {
  const Files files;
  files.write("a.yaml", "kind: Node\nmetadata: {name: n1}\n---\nkind: Node\nmetadata: {name: n2}\n");
  files.write("b.json", R"({"kind": "List", "items": [{"kind": "Node", "metadata": {"name": "n3"}}]})"
                        "\n"
                        R"({"kind": "Node", "metadata": {"name": "n4"}})");
  files.write("notes.txt", "no object");
  auto dump = ClusterDump::read({files.top()});
  REQUIRE(dump);
  scheduler::Snapshot snapshot;
  dump->cache().update(snapshot);
  CHECK(snapshot.node_count() == 4);
}

TEST_CASE("what a dump says of a cluster is what a scheduler has seen") {
  const Files files;
  auto dump = ClusterDump::read({files.write("cluster.yaml", app::testing::cluster_yaml)});
  REQUIRE(dump);
  scheduler::Snapshot snapshot;
  dump->cache().update(snapshot);
  const auto* node = snapshot.find("a");
  REQUIRE(node != nullptr);
  CHECK(node->pods.size() == 1);
  CHECK(node->cpus.exclusive() == CpuSet{0, 4});
  CHECK(dump->pod("blue/old") != nullptr);
  CHECK(dump->pod("blue/new") == nullptr);
}

TEST_CASE("Pods of the scheduler that wait for their nominated node count there") {
  const Files files;
  const auto pod = [](const char* name, const char* scheduler, const char* more) {
    return fmt::format(
        "---\nkind: Pod\nmetadata: {{name: {0}, uid: {0}}}\nspec: {{schedulerName: {1}{2}}}\n"
        "status: {{nominatedNodeName: n}}\n",
        name, scheduler, more);
  };
  auto dump = ClusterDump::read(
      {files.write("pods.yaml", "kind: Node\nmetadata: {name: n}\n" + pod("waits", "maestro", "") +
                                    pod("another's", "another", "") +
                                    pod("gated", "maestro", ", schedulingGates: [{name: g}]") +
                                    pod("there", "maestro", ", nodeName: n"))});
  REQUIRE(dump);
  dump->nominate(scheduler::Scheduler(scheduler::default_config()));
  scheduler::Snapshot snapshot;
  dump->cache().update(snapshot);
  CHECK(snapshot.nominated_pods() == 1);
  REQUIRE(snapshot.find("n")->nominated.size() == 1);
  CHECK(snapshot.find("n")->nominated[0].pod->meta.name == "waits");
}

TEST_CASE("a Pod that has ended holds nothing, wherever it stands among the objects") {
  const Files files;
  auto dump = ClusterDump::read({files.write("cluster.yaml", app::testing::cluster_yaml + std::string(R"(
---
kind: Pod
metadata: {name: ended, namespace: blue, uid: u-ended}
spec: {nodeName: a, containers: [{name: c}]}
status: {phase: Succeeded}
---
kind: PodCPUBinding
metadata: {name: ended-pcb, namespace: blue, labels: {cslab.ece.ntua.gr/node-name: a}}
spec: {podName: ended, cpuSet: [{cpuID: 2}, {cpuID: 6}], exclusivenessLevel: CPU}
)"))});
  REQUIRE(dump);
  scheduler::Snapshot snapshot;
  dump->cache().update(snapshot);
  CHECK(snapshot.find("a")->cpus.exclusive() == CpuSet{0, 4});
}

TEST_CASE("what cannot be read is told by file, object and field") {
  const Files files;
  const auto error = [&](const char* name, const std::string& text) {
    auto dump = ClusterDump::read({files.write(name, text)});
    REQUIRE_FALSE(dump);
    return dump.error().message();
  };
  CHECK(error("bad.json", R"({"kind": "Node",)").contains("bad.json"));
  CHECK(error("bad.yaml", "a: [1\n").contains("bad.yaml: line "));
  CHECK(error("deep.json", std::string(100'000, '[') + std::string(100'000, ']'))
            .contains("object 1: not one of Kubernetes"));
  CHECK(error("list.json", R"({"items": [{"kind": "Node", "metadata": {"name": "n"}}, 3]})")
            .contains("object 2: not one of Kubernetes"));
  // What a kubectl that failed leaves in a file.
  CHECK(error("failed.yaml", "error: the server doesn't have a resource type\n")
            .contains("failed.yaml: object 1: not one of Kubernetes"));
  CHECK(error("empty.yaml", "# nothing\n").contains("empty.yaml: there is no object in it"));
  CHECK(ClusterDump::read({files.write("none.json", R"({"kind": "List", "items": []})")}));
  const auto pod =
      error("pod.yaml", "kind: Pod\nmetadata: {name: p, namespace: blue}\nspec: {priority: high}\n");
  CHECK(pod.contains("pod.yaml: Pod blue/p: spec.priority: "));
  CHECK(ClusterDump::read({files.top() + "/absent"}).error().message().contains("absent: cannot be read"));
  CHECK(error("class.yaml", "kind: PriorityClass\nmetadata: {name: c}\nvalue: high\n")
            .contains("class.yaml: PriorityClass c: value: expected an integer"));
}

TEST_CASE("an object may be in several files, but in one form") {
  const Files files;
  const auto read = [&](const std::string& first, const std::string& second) {
    return ClusterDump::read({files.write("1.yaml", first), files.write("2.yaml", second)});
  };
  const std::string node = "kind: Node\nmetadata: {name: n, uid: u, resourceVersion: '7'}\n";
  CHECK(read(node, node));
  CHECK(read("kind: Event\n", "kind: Event\n"));
  const auto error = [&](const std::string& first, const std::string& second) {
    return read(first, second).error().context;
  };
  CHECK(error(node, "kind: Node\nmetadata: {name: n, uid: u, resourceVersion: '8'}\n")
            .ends_with("2.yaml: Node n is there twice"));
  CHECK(error("kind: Node\nmetadata: {name: n}\n", "kind: Node\nmetadata: {name: n}\n").contains("twice"));
  const std::string pod = "kind: Pod\nmetadata: {name: p, uid: u}\n";
  CHECK(error(pod, "kind: Pod\nmetadata: {name: p, uid: v}\n").ends_with("Pod default/p is there twice"));
  CHECK(error(pod, "kind: Pod\nmetadata: {name: q, uid: u}\n")
            .ends_with("Pod default/q: metadata.uid: it is that of another Pod"));
  CHECK(error("kind: Node\n", "").ends_with("Node without a name: metadata.name is required"));
}

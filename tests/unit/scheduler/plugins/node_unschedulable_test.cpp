#include "hint_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

TEST_CASE("NodeUnschedulable refuses cordoned nodes") {
  const auto plugin = make(make_node_unschedulable);
  auto cordoned = make_node("n");
  cordoned->unschedulable = true;
  auto pod = make_pod("p");
  CHECK(verdict(filtered(*plugin, pod, make_node("n"))) == "Success");
  CHECK(verdict(filtered(*plugin, pod, cordoned)) ==
        "UnschedulableAndUnresolvable: node(s) were unschedulable");
  pod.spec->tolerations = {{"node.kubernetes.io/unschedulable", "Exists", "", "NoSchedule", {}}};
  CHECK(verdict(filtered(*plugin, pod, cordoned)) == "Success");
}

TEST_CASE("NodeUnschedulable hopes for nodes that are opened, and for the toleration") {
  const HintBench bench;
  const auto plugin = make(make_node_unschedulable);
  const auto waiting = make_pod("p");
  const auto open = *make_node("n");
  auto closed = open;
  closed.unschedulable = true;
  CHECK(bench.added(*plugin, waiting, open) == "queue");
  CHECK(bench.added(*plugin, waiting, closed) == "skip");
  CHECK(bench.updated(*plugin, waiting, closed, [](auto& n) { n.unschedulable = false; }) == "queue");
  CHECK(bench.updated(*plugin, waiting, open, [](auto& n) { n.unschedulable = true; }).empty());
  CHECK(bench.updated(*plugin, waiting, closed,
                      [](auto& n) { n.taints.push_back({"a", "", "NoSchedule"}); }) == "skip");
  CHECK(bench.updated(*plugin, waiting, open, [](auto& n) { n.meta.labels["a"] = "b"; }).empty());

  const auto tolerate = [](const char* key) {
    return [=](api::Pod& pod) { pod.spec->tolerations.push_back({.key = key, .op = "Exists"}); };
  };
  CHECK(bench.updated(*plugin, waiting, waiting, tolerate("node.kubernetes.io/unschedulable")) == "queue");
  CHECK(bench.updated(*plugin, waiting, waiting, tolerate("other")) == "skip");
  CHECK(bench.updated(*plugin, waiting, make_pod("q"), tolerate("node.kubernetes.io/unschedulable")) ==
        "skip");
}

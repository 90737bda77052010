#include "hint_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

TEST_CASE("NodePorts refuses a host port that is taken") {
  const auto plugin = make(make_node_ports);
  const auto with_port = [](const char* name, int port, const char* ip = "", const char* protocol = "TCP") {
    auto pod = make_pod(name);
    pod.spec->containers[0].ports = {{port, ip, protocol}};
    return pod;
  };
  const auto* taken = "Unschedulable: node(s) didn't have free ports for the requested pod ports";
  struct Row {
    api::Pod pod, other;
    const char* verdict;
  };
  const Row rows[] = {
      {make_pod("p"), with_port("q", 80), "Skip"},
      {with_port("p", 80), make_pod("q"), "Success"},
      {with_port("p", 80), with_port("q", 80), taken},
      {with_port("p", 80), with_port("q", 81), "Success"},
      {with_port("p", 80), with_port("q", 80, "", "UDP"), "Success"},
      {with_port("p", 80, "10.0.0.1"), with_port("q", 80, "10.0.0.2"), "Success"},
      {with_port("p", 80, "10.0.0.1"), with_port("q", 80, "10.0.0.1"), taken},
      {with_port("p", 80, "0.0.0.0"), with_port("q", 80, "10.0.0.1"), taken},
      {with_port("p", 80, "10.0.0.1"), with_port("q", 80), taken},
  };
  for (const auto& row : rows)
    CHECK(verdict(filtered(*plugin, row.pod, make_node("n"), {row.other})) == row.verdict);

  // A sidecar's port counts, an init container's does not.
  auto pod = make_pod("p");
  pod.spec->init_containers.push_back({.name = "i", .ports = {{80, "", "TCP"}}});
  CHECK(verdict(filtered(*plugin, pod, make_node("n"), {with_port("q", 80)})) == "Skip");
  pod.spec->init_containers[0].restart_always = true;
  CHECK(verdict(filtered(*plugin, pod, make_node("n"), {with_port("q", 80)})) == taken);
}

TEST_CASE("NodePorts hopes for Pods with one of its ports to leave") {
  const HintBench bench;
  const auto plugin = make(make_node_ports);
  const auto with_port = [](const char* name, int port, const char* node) {
    auto pod = on_node(make_pod(name), node);
    if (port != 0) pod.spec->containers[0].ports = {{port, "", "TCP"}};
    return pod;
  };
  const auto waiting = with_port("p", 80, "");
  CHECK(bench.removed(*plugin, waiting, with_port("q", 80, "n")) == "queue");
  CHECK(bench.removed(*plugin, waiting, with_port("q", 81, "n")) == "skip");
  CHECK(bench.removed(*plugin, waiting, with_port("q", 0, "n")) == "skip");
  auto nominated = with_port("q", 80, "");
  CHECK(bench.removed(*plugin, waiting, nominated) == "skip");
  nominated.nominated_node_name = "n";
  CHECK(bench.removed(*plugin, waiting, nominated) == "queue");
  CHECK(bench.added(*plugin, waiting, *make_node("n")) == "queue");
}

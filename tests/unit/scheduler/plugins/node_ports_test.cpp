#include "plugin_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

TEST_CASE("NodePorts refuses a host port that is taken") {
  const auto plugin = make(make_node_ports);
  const auto with_port = [](const char* name, int port, const char* ip = "", const char* protocol = "TCP") {
    auto pod = make_pod(name);
    pod.containers[0].ports = {{port, ip, protocol}};
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
  pod.init_containers.push_back({.name = "i", .ports = {{80, "", "TCP"}}});
  CHECK(verdict(filtered(*plugin, pod, make_node("n"), {with_port("q", 80)})) == "Skip");
  pod.init_containers[0].restart_always = true;
  CHECK(verdict(filtered(*plugin, pod, make_node("n"), {with_port("q", 80)})) == taken);
}

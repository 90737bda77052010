#include "plugin_bench.hpp"

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
  pod.tolerations = {{"node.kubernetes.io/unschedulable", "Exists", "", "NoSchedule", {}}};
  CHECK(verdict(filtered(*plugin, pod, cordoned)) == "Success");
}

#include "plugin_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

TEST_CASE("TaintToleration filters by NoSchedule and NoExecute, scores by PreferNoSchedule") {
  const auto plugin = make(make_taint_toleration);
  auto pod = make_pod("p");
  CHECK(verdict(filtered(*plugin, pod, make_node("n"))) == "Success");
  for (const auto* effect : {"NoSchedule", "NoExecute"}) {
    CHECK(verdict(filtered(*plugin, pod, tainted("n", {{"k", "v", effect}}))) ==
          "UnschedulableAndUnresolvable: node(s) had untolerated taint(s)");
  }
  CHECK(verdict(filtered(*plugin, pod, tainted("n", {{"k", "v", "PreferNoSchedule"}}))) == "Success");
  pod.tolerations = {{"a", "Exists", "", "PreferNoSchedule", {}}};
  const std::vector nodes = {tainted("n0", {}), tainted("n1", {{"a", "", "PreferNoSchedule"}}),
                             tainted("n2", {{"b", "", "PreferNoSchedule"}}),
                             tainted("n3", {{"b", "", "PreferNoSchedule"}, {"c", "", "PreferNoSchedule"}})};
  CHECK(scored(*plugin, pod, nodes, {}, false) == Scores{0, 0, 1, 2});
  CHECK(scored(*plugin, pod, nodes) == Scores{100, 100, 50, 0});
  CHECK(scored(*plugin, pod, {tainted("n", {})}) == Scores{100});
}

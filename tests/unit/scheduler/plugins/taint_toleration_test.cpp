#include "plugins/taint_toleration.hpp"

#include "hint_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

TEST_CASE("a toleration tolerates a taint") {
  struct Row {
    api::Toleration toleration;
    api::Taint taint;
    bool tolerated;
  };
  const Row rows[] = {
      {{"k", "Equal", "v", "NoSchedule", {}}, {"k", "v", "NoSchedule"}, true},
      {{"k", "", "v", "NoSchedule", {}}, {"k", "v", "NoSchedule"}, true},
      {{"k", "Equal", "w", "NoSchedule", {}}, {"k", "v", "NoSchedule"}, false},
      {{"k", "Equal", "v", "NoExecute", {}}, {"k", "v", "NoSchedule"}, false},
      {{"k", "Exists", "", "", {}}, {"k", "v", "NoSchedule"}, true},
      {{"k", "Exists", "", "", {}}, {"other", "v", "NoSchedule"}, false},
      {{"", "Exists", "", "", {}}, {"any", "v", "NoExecute"}, true},
      {{"", "Equal", "v", "", {}}, {"any", "v", "NoExecute"}, true},
      {{"k", "Gt", "3", "", {}}, {"k", "5", "NoSchedule"}, false},
  };
  for (const auto& row : rows) {
    CAPTURE(row.toleration.key, row.toleration.op, row.taint.key);
    CHECK(tolerates(row.toleration, row.taint) == row.tolerated);
  }
}

TEST_CASE("TaintToleration filters by NoSchedule and NoExecute, scores by PreferNoSchedule") {
  const auto plugin = make(make_taint_toleration);
  auto pod = make_pod("p");
  CHECK(verdict(filtered(*plugin, pod, make_node("n"))) == "Success");
  for (const auto* effect : {"NoSchedule", "NoExecute"}) {
    CHECK(verdict(filtered(*plugin, pod, tainted("n", {{"k", "v", effect}}))) ==
          "UnschedulableAndUnresolvable: node(s) had untolerated taint(s)");
  }
  CHECK(verdict(filtered(*plugin, pod, tainted("n", {{"k", "v", "PreferNoSchedule"}}))) == "Success");
  pod.spec->tolerations = {{"a", "Exists", "", "PreferNoSchedule", {}}};
  const std::vector nodes = {tainted("n0", {}), tainted("n1", {{"a", "", "PreferNoSchedule"}}),
                             tainted("n2", {{"b", "", "PreferNoSchedule"}}),
                             tainted("n3", {{"b", "", "PreferNoSchedule"}, {"c", "", "PreferNoSchedule"}})};
  CHECK(scored(*plugin, pod, nodes, {}, false) == Scores{0, 0, 1, 2});
  CHECK(scored(*plugin, pod, nodes) == Scores{100, 100, 50, 0});
  CHECK(scored(*plugin, pod, {tainted("n", {})}) == Scores{100});
}

TEST_CASE("TaintToleration hopes for nodes whose taints it tolerates by now, and for any toleration") {
  const HintBench bench;
  const auto plugin = make(make_taint_toleration);
  auto waiting = make_pod("p");
  waiting.spec->tolerations.push_back({.key = "a", .op = "Exists"});
  const auto mild = *tainted("n", {{"a", "", "NoSchedule"}});
  const auto hostile = *tainted("n", {{"b", "", "NoExecute"}});
  const auto set_taints = [](std::vector<api::Taint> taints) {
    return [taints = std::move(taints)](api::Node& node) { node.taints = taints; };
  };
  CHECK(bench.added(*plugin, waiting, mild) == "queue");
  CHECK(bench.added(*plugin, waiting, hostile) == "skip");
  CHECK(bench.updated(*plugin, waiting, hostile, set_taints({})) == "queue");
  CHECK(bench.updated(*plugin, waiting, hostile, set_taints({{"a", "", "NoSchedule"}})) == "queue");
  CHECK(bench.updated(*plugin, waiting, hostile, set_taints({{"c", "", "NoSchedule"}})) == "skip");
  CHECK(bench.updated(*plugin, waiting, mild, set_taints({})) == "skip");
  const auto tolerate = [](api::Pod& pod) { pod.spec->tolerations.push_back({.key = "x", .op = "Exists"}); };
  CHECK(bench.updated(*plugin, waiting, waiting, tolerate) == "queue");
  CHECK(bench.updated(*plugin, waiting, make_pod("q"), tolerate) == "skip");
}

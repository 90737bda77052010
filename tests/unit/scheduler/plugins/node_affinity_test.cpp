#include "hint_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

TEST_CASE("NodeAffinity: required terms") {
  const auto plugin = make(make_node_affinity);
  const auto node = labelled("n1", {{"zone", "a"}, {"cores", "16"}, {"name", "x"}});
  const auto* no = "UnschedulableAndUnresolvable: node(s) didn't match Pod's node affinity/selector";
  struct Row {
    std::vector<api::NodeSelectorTerm> terms;
    const char* verdict;
  };
  const auto expression = [](const char* key, const char* op, std::vector<std::string> values) {
    return api::NodeSelectorTerm{{{key, op, std::move(values)}}, {}};
  };
  const Row rows[] = {
      {{expression("zone", "In", {"a", "b"})}, "Success"},
      {{expression("zone", "In", {"b"})}, no},
      {{expression("zone", "In", {})}, no},
      {{expression("zone", "NotIn", {"b"})}, "Success"},
      {{expression("zone", "NotIn", {"a"})}, no},
      {{expression("rack", "NotIn", {"a"})}, "Success"},
      {{expression("zone", "Exists", {})}, "Success"},
      {{expression("zone", "Exists", {"a"})}, no},
      {{expression("rack", "Exists", {})}, no},
      {{expression("rack", "DoesNotExist", {})}, "Success"},
      {{expression("zone", "DoesNotExist", {})}, no},
      {{expression("cores", "Gt", {"8"})}, "Success"},
      {{expression("cores", "Gt", {"16"})}, no},
      {{expression("cores", "Lt", {"17"})}, "Success"},
      {{expression("cores", "Lt", {"+17"})}, no},
      {{expression("cores", "Lt", {"x"})}, no},
      {{expression("cores", "Lt", {"17", "18"})}, no},
      {{expression("name", "Gt", {"1"})}, no},
      {{expression("rack", "Gt", {"1"})}, no},
      {{expression("zone", "Near", {"a"})}, no},
      {{expression("a/b/c", "Exists", {})}, no},
      {{expression("zone", "NotIn", {"not valid!"})}, no},
      {{}, no},
      {{{}}, no},
      {{{}, expression("zone", "In", {"a"})}, "Success"},
      {{{{{"zone", "In", {"a"}}, {"rack", "Exists", {}}}, {}}}, no},
      {{expression("zone", "Near", {}), expression("zone", "Exists", {})}, "Success"},
      {{{{}, {{"metadata.name", "In", {"n1"}}}}}, "Success"},
      {{{{}, {{"metadata.name", "In", {"n2"}}}}}, no},
      {{{{}, {{"metadata.name", "NotIn", {"n2"}}}}}, "Success"},
      {{{{}, {{"metadata.name", "NotIn", {"n1"}}}}}, no},
      {{{{}, {{"metadata.name", "In", {"n1", "n2"}}}}}, no},
      {{{{}, {{"metadata.name", "Exists", {}}}}}, no},
      {{{{{"zone", "In", {"b"}}}, {{"metadata.name", "In", {"n1"}}}}}, no},
      {{{{}, {{"metadata.name", "In", {"n1"}}, {"metadata.name", "In", {"n2"}}}}},
       "UnschedulableAndUnresolvable: pod affinity terms conflict"},
  };
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    CAPTURE(i);
    auto pod = make_pod("p");
    pod.node_affinity->required = rows[i].terms;
    CHECK(verdict(filtered(*plugin, pod, node)) == rows[i].verdict);
  }
  auto pod = make_pod("p");
  CHECK(verdict(filtered(*plugin, pod, node)) == "Skip");
  pod.spec->node_selector = {{"zone", "a"}, {"cores", "16"}};
  CHECK(verdict(filtered(*plugin, pod, node)) == "Success");
  pod.spec->node_selector["cores"] = "8";
  CHECK(verdict(filtered(*plugin, pod, node)) == no);
}

TEST_CASE("NodeAffinity: preferred terms and the profile's addedAffinity") {
  const nlohmann::json args = {
      {"addedAffinity",
       {{"requiredDuringSchedulingIgnoredDuringExecution",
         {{"nodeSelectorTerms",
           {{{"matchExpressions", {{{"key", "pool"}, {"operator", "In"}, {"values", {"maestro"}}}}}}}}}},
        {"preferredDuringSchedulingIgnoredDuringExecution",
         {{{"weight", 5},
           {"preference", {{"matchExpressions", {{{"key", "fast"}, {"operator", "Exists"}}}}}}}}}}}};
  const auto plugin = make(make_node_affinity, args);
  const auto pod = make_pod("p");
  CHECK(verdict(filtered(*plugin, pod, labelled("n", {{"pool", "maestro"}}))) == "Success");
  CHECK(verdict(filtered(*plugin, pod, labelled("n", {}))) ==
        "UnschedulableAndUnresolvable: node(s) didn't match scheduler-enforced node affinity");

  auto choosy = make_pod("p");
  choosy.node_affinity->preferred = {{10, {{{"zone", "In", {"a"}}}, {}}},
                                     {20, {{{"disk", "Exists", {}}}, {}}},
                                     {0, {{{"zone", "Near", {}}}, {}}},
                                     {50, {}}};
  const std::vector nodes = {labelled("n0", {}), labelled("n1", {{"zone", "a"}}),
                             labelled("n2", {{"zone", "a"}, {"disk", ""}}), labelled("n3", {{"fast", ""}})};
  CHECK(scored(*plugin, choosy, nodes, {}, false) == Scores{0, 10, 30, 5});
  CHECK(scored(*plugin, choosy, nodes) == Scores{0, 33, 100, 16});
  CHECK(scored(*make(make_node_affinity), pod, nodes).empty());

  choosy.node_affinity->preferred = {{1, {{{"zone", "Near", {}}}, {}}}};
  Cache cache;
  Snapshot snapshot;
  cache.update(snapshot);
  CycleState state;
  CHECK(plugin->pre_score(state, choosy, snapshot, no_nodes()).code == Code::error);
}

TEST_CASE("NodeAffinity hopes for nodes that match by now") {
  const HintBench bench;
  const auto plugin = make(make_node_affinity);
  auto waiting = make_pod("p");
  waiting.spec->node_selector = {{"zone", "a"}};
  const auto zone = [](const char* name) {
    return [=](api::Node& node) { node.meta.labels["zone"] = name; };
  };
  const auto in_a = *labelled("n", {{"zone", "a"}});
  const auto in_b = *labelled("n", {{"zone", "b"}});
  CHECK(bench.added(*plugin, waiting, in_a) == "queue");
  CHECK(bench.added(*plugin, waiting, in_b) == "skip");
  CHECK(bench.updated(*plugin, waiting, in_b, zone("a")) == "queue");
  CHECK(bench.updated(*plugin, waiting, in_a, zone("b")) == "skip");
  CHECK(bench.updated(*plugin, waiting, in_a, [](auto& n) { n.meta.labels["disk"] = "ssd"; }) == "skip");
  CHECK(bench.updated(*plugin, waiting, in_b, [](auto& n) { n.taints.push_back({"x", "", "NoSchedule"}); }) ==
        "queue");
  CHECK(bench.updated(*plugin, waiting, in_a, [](auto& n) { n.unschedulable = true; }).empty());

  // Nobody can tell what a term means that is malformed: it is worth a try, on nodes the selector lets
  // through.
  waiting.node_affinity->required = {{{{{"disk", "Near", {}}}, {}}}};
  CHECK(bench.updated(*plugin, waiting, in_b, zone("a")) == "queue");
  CHECK(bench.updated(*plugin, waiting, in_a, zone("b")) == "skip");

  const auto with_added = make(
      make_node_affinity,
      {{"addedAffinity",
        {{"requiredDuringSchedulingIgnoredDuringExecution",
          {{"nodeSelectorTerms", {{{"matchExpressions", {{{"key", "pool"}, {"operator", "Exists"}}}}}}}}}}}});
  waiting.node_affinity->required.reset();
  CHECK(bench.added(*with_added, waiting, in_a) == "skip");
  CHECK(bench.added(*with_added, waiting, *labelled("n", {{"zone", "a"}, {"pool", "x"}})) == "queue");
}

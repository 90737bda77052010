#include "hint_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

namespace {

api::Pod labelled_pod(std::string name, const char* app) {
  auto pod = make_pod(std::move(name));
  pod.meta.labels["app"] = app;
  return pod;
}

api::TopologySpreadConstraint spread_web(const char* key) {
  api::TopologySpreadConstraint constraint;
  constraint.topology_key = key;
  constraint.when_unsatisfiable = "DoNotSchedule";
  constraint.label_selector = api::LabelSelector::of({{"app", "web"}});
  return constraint;
}

struct Spread : HintBench {
  std::unique_ptr<Plugin> plugin = make(make_pod_topology_spread);
  api::Pod waiting = labelled_pod("p", "web");
  Spread() { waiting.spec->topology_spread_constraints = {spread_web("zone"), spread_web("rack")}; }
};

const auto relabel = [](const char* app) { return [=](api::Pod& pod) { pod.meta.labels["app"] = app; }; };

}  // namespace

TEST_CASE("spreading: Pods that a constraint counts come, go, or change sides") {
  const Spread spread;
  const auto& plugin = *spread.plugin;
  const auto web = on_node(labelled_pod("web", "web"), "n");
  const auto db = on_node(labelled_pod("db", "db"), "n");
  for (const auto& [pod, answer] : {std::pair(web, "queue"), std::pair(db, "skip")}) {
    CHECK(spread.added(plugin, spread.waiting, pod) == answer);
    CHECK(spread.removed(plugin, spread.waiting, pod) == answer);
  }
  CHECK(spread.updated(plugin, spread.waiting, web, relabel("db")) == "queue");
  CHECK(spread.updated(plugin, spread.waiting, db, relabel("web")) == "queue");
  CHECK(spread.updated(plugin, spread.waiting, db, relabel("cache")) == "skip");
  // Neither those without a node, nor those of another Namespace.
  CHECK(spread.removed(plugin, spread.waiting, labelled_pod("web", "web")) == "skip");
  auto elsewhere = web;
  elsewhere.meta.namespace_ = "elsewhere";
  CHECK(spread.added(plugin, spread.waiting, elsewhere) == "skip");
}

TEST_CASE("spreading: the Pod itself is edited") {
  Spread spread;
  const auto tolerate = [](api::Pod& pod) { pod.spec->tolerations.push_back({.key = "k", .op = "Exists"}); };
  CHECK(spread.updated(*spread.plugin, spread.waiting, spread.waiting, relabel("db")) == "queue");
  CHECK(spread.updated(*spread.plugin, spread.waiting, spread.waiting, tolerate) == "skip");
  spread.waiting.spec->topology_spread_constraints[1].honor_node_taints = true;
  CHECK(spread.updated(*spread.plugin, spread.waiting, spread.waiting, tolerate) == "queue");
  auto other = on_node(labelled_pod("other", "web"), "n");
  CHECK(spread.updated(*spread.plugin, spread.waiting, other, tolerate) == "skip");
}

TEST_CASE("spreading: nodes that have all labels, or had them") {
  const Spread spread;
  const auto& plugin = *spread.plugin;
  const auto whole = *labelled("n", {{"zone", "a"}, {"rack", "r1"}});
  const auto part = *labelled("n", {{"zone", "a"}});
  CHECK(spread.added(plugin, spread.waiting, whole) == "queue");
  CHECK(spread.removed(plugin, spread.waiting, whole) == "queue");
  CHECK(spread.added(plugin, spread.waiting, part) == "skip");
  CHECK(spread.removed(plugin, spread.waiting, part) == "skip");
  struct Row {
    const char* what;
    void (*edit)(api::Node&);
    const char *of_whole, *of_part;
  };
  const Row rows[] = {
      {"a key comes", [](api::Node& n) { n.meta.labels["rack"] = "r2"; }, "queue", "queue"},
      {"a key goes", [](api::Node& n) { n.meta.labels->erase("zone"); }, "queue", "skip"},
      {"another label", [](api::Node& n) { n.meta.labels["disk"] = "ssd"; }, "skip", "skip"},
      {"a taint", [](api::Node& n) { n.taints.push_back({"a", "", "NoSchedule"}); }, "queue", "skip"},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    CHECK(spread.updated(plugin, spread.waiting, whole, row.edit) == row.of_whole);
    CHECK(spread.updated(plugin, spread.waiting, part, row.edit) == row.of_part);
  }
}

TEST_CASE("spreading: default constraints are those that a Service gives the Pod") {
  HintBench bench;
  const auto plugin =
      make(make_pod_topology_spread,
           {{"defaultingType", "List"},
            {"defaultConstraints",
             {{{"maxSkew", 1}, {"topologyKey", "zone"}, {"whenUnsatisfiable", "DoNotSchedule"}}}}});
  const auto waiting = labelled_pod("p", "web");
  const auto web = on_node(labelled_pod("web", "web"), "n");
  CHECK(bench.removed(*plugin, waiting, web) == "skip");
  api::Service service;
  service.meta.namespace_ = "default";
  service.meta.name = "web";
  service.selector = {{"app", "web"}};
  bench.known.set(service);
  CHECK(bench.removed(*plugin, waiting, web) == "queue");
}

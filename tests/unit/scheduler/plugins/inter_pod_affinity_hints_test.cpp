#include "hint_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

namespace {

api::PodAffinityTerm term(const char* app, const char* key) {
  return {.label_selector = api::LabelSelector::of({{"app", app}}),
          .namespaces = {"default"},
          .topology_key = key};
}

api::Pod of(const char* app, const char* node = "n") {
  auto pod = on_node(make_pod(app), node);
  pod.meta.labels["app"] = app;
  return pod;
}

struct Affinity : HintBench {
  std::unique_ptr<Plugin> plugin = make(make_inter_pod_affinity);
  api::Pod near = make_pod("near"), away = make_pod("away");
  Affinity() {
    near.spec->pod_affinity.required = {term("web", "zone")};
    away.spec->pod_anti_affinity.required = {term("web", "zone")};
  }
};

const auto relabel = [](const char* app) { return [=](api::Pod& pod) { pod.meta.labels["app"] = app; }; };

}  // namespace

TEST_CASE("affinity: Pods come, go and change") {
  const Affinity bench;
  const auto& plugin = *bench.plugin;
  struct Row {
    const api::Pod* waiting;
    const char *added, *removed, *becomes, *ceases;
  };
  const Row rows[] = {{&bench.near, "queue", "skip", "queue", "skip"},
                      {&bench.away, "skip", "queue", "skip", "queue"}};
  for (const auto& [waiting, added, removed, becomes, ceases] : rows) {
    INFO(waiting->meta.name);
    CHECK(bench.added(plugin, *waiting, of("web")) == added);
    CHECK(bench.removed(plugin, *waiting, of("web")) == removed);
    CHECK(bench.updated(plugin, *waiting, of("db"), relabel("web")) == becomes);
    CHECK(bench.updated(plugin, *waiting, of("web"), relabel("db")) == ceases);
    CHECK(bench.updated(plugin, *waiting, of("db"), relabel("cache")) == "skip");
    CHECK(bench.added(plugin, *waiting, of("db")) == "skip");
    CHECK(bench.removed(plugin, *waiting, of("db")) == "skip");
    CHECK(bench.removed(plugin, *waiting, of("web", "")) == "skip");
  }
}

TEST_CASE("affinity: all terms must match, and a Pod without terms hopes for nothing") {
  Affinity bench;
  bench.near.spec->pod_affinity.required.push_back(term("db", "zone"));
  CHECK(bench.added(*bench.plugin, bench.near, of("web")) == "skip");
  CHECK(bench.added(*bench.plugin, make_pod("plain"), of("web")) == "skip");
  CHECK(bench.removed(*bench.plugin, make_pod("plain"), of("web")) == "skip");
  CHECK(bench.added(*bench.plugin, make_pod("plain"), *labelled("n", {{"zone", "a"}})) == "skip");
}

TEST_CASE("affinity: nodes enter domains and leave them") {
  const Affinity bench;
  const auto& plugin = *bench.plugin;
  const auto in_zone = *labelled("n", {{"zone", "a"}});
  const auto nowhere = *labelled("n", {});
  CHECK(bench.added(plugin, bench.near, in_zone) == "queue");
  CHECK(bench.added(plugin, bench.near, nowhere) == "skip");
  CHECK(bench.added(plugin, bench.away, in_zone) == "queue");
  CHECK(bench.added(plugin, bench.away, nowhere) == "queue");
  const auto set_zone = [](const char* zone) { return [=](api::Node& n) { n.meta.labels["zone"] = zone; }; };
  const auto no_zone = [](api::Node& n) { n.meta.labels->erase("zone"); };
  const auto other = [](api::Node& n) { n.meta.labels["disk"] = "ssd"; };
  struct Row {
    const api::Pod* waiting;
    const char *enters, *leaves, *moves;
  };
  for (const auto& row :
       {Row{&bench.near, "queue", "skip", "queue"}, Row{&bench.away, "skip", "queue", "queue"}}) {
    INFO(row.waiting->meta.name);
    CHECK(bench.updated(plugin, *row.waiting, nowhere, set_zone("a")) == row.enters);
    CHECK(bench.updated(plugin, *row.waiting, in_zone, no_zone) == row.leaves);
    CHECK(bench.updated(plugin, *row.waiting, in_zone, set_zone("b")) == row.moves);
    CHECK(bench.updated(plugin, *row.waiting, in_zone, other) == "skip");
  }
}

TEST_CASE("affinity: a Namespace that a selector tells by its labels") {
  Affinity bench;
  bench.near.spec->pod_affinity.required[0].namespace_selector = api::LabelSelector::of({{"team", "loud"}});
  api::Namespace space;
  space.meta.name = "elsewhere";
  const auto team = [](const char* name) { return [=](api::Namespace& n) { n.meta.labels["team"] = name; }; };
  CHECK(bench.updated(*bench.plugin, bench.near, space, team("loud")) == "queue");
  CHECK(bench.updated(*bench.plugin, bench.near, space, team("quiet")) == "skip");
  CHECK(bench.updated(*bench.plugin, bench.away, space, team("loud")) == "skip");
  CHECK(bench.added(*bench.plugin, bench.near, space) == "skip");
  // What others ask of the Pod's own is not known.
  space.meta.name = "default";
  CHECK(bench.updated(*bench.plugin, bench.away, space, team("quiet")) == "queue");
}

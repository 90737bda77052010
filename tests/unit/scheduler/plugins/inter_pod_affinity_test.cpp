#include <set>

#include "plugin_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

namespace {

api::PodAffinityTerm term(const char* app, const char* topology_key = "zone") {
  return {.label_selector = api::LabelSelector::of({{"app", app}}),
          .namespaces = {"default"},
          .namespace_selector = {},
          .topology_key = topology_key};
}

api::Pod app(const char* name, const char* app, const char* node = "") {
  auto pod = make_pod(name);
  pod.meta.labels["app"] = app;
  pod.node_name = node;
  return pod;
}

constexpr auto* not_near = "UnschedulableAndUnresolvable: node(s) didn't match pod affinity rules";
constexpr auto* too_near = "Unschedulable: node(s) didn't match pod anti-affinity rules";
constexpr auto* unwelcome = "Unschedulable: node(s) didn't satisfy existing pods anti-affinity rules";

}  // namespace

TEST_CASE("InterPodAffinity: required terms, the Pod's own and those of others") {
  const auto plugin = make(make_inter_pod_affinity);
  const auto zone_a = labelled("n", {{"zone", "a"}});
  const auto nowhere = labelled("n", {});
  CHECK(verdict(filtered(*plugin, app("p", "web"), zone_a)) == "Skip");

  auto near = app("p", "web");
  near.spec->pod_affinity.required = {term("db")};
  CHECK(verdict(filtered(*plugin, near, zone_a)) == not_near);
  CHECK(verdict(filtered(*plugin, near, zone_a, {app("q", "db")})) == "Success");
  CHECK(verdict(filtered(*plugin, near, nowhere, {app("q", "db")})) == not_near);
  near.spec->pod_affinity.required = {term("db"), term("cache")};
  CHECK(verdict(filtered(*plugin, near, zone_a, {app("q", "db"), app("r", "cache")})) == not_near);

  auto first = app("p", "web");
  first.spec->pod_affinity.required = {term("web")};
  CHECK(verdict(filtered(*plugin, first, zone_a)) == "Success");
  CHECK(verdict(filtered(*plugin, first, nowhere)) == not_near);

  auto away = app("p", "web");
  away.spec->pod_anti_affinity.required = {term("db")};
  CHECK(verdict(filtered(*plugin, away, zone_a, {app("q", "db")})) == too_near);
  CHECK(verdict(filtered(*plugin, away, nowhere, {app("q", "db")})) == "Success");

  auto hermit = app("q", "db");
  hermit.spec->pod_anti_affinity.required = {term("web")};
  CHECK(verdict(filtered(*plugin, app("p", "web"), zone_a, {hermit})) == unwelcome);
  CHECK(verdict(filtered(*plugin, app("p", "other"), zone_a, {hermit})) == "Skip");
}

TEST_CASE("InterPodAffinity: namespaces by name and by selector") {
  const auto plugin = make(make_inter_pod_affinity);
  Cache cache;
  Snapshot snapshot;
  cache.upsert(std::shared_ptr<const api::Node>(labelled("n", {{"zone", "a"}})));
  api::Namespace blue;
  blue.meta.name = "blue";
  *blue.meta.labels = {{"team", "x"}};
  cache.upsert(blue);
  auto other = app("q", "db", "n");
  other.meta.namespace_ = "blue";
  cache.upsert(other);
  cache.update(snapshot);

  const auto asked = [&](api::PodAffinityTerm term) {
    auto pod = app("p", "web");
    pod.spec->pod_anti_affinity.required = {std::move(term)};
    CycleState state;
    REQUIRE(plugin->pre_filter(state, pod, snapshot).status.ok());
    return verdict(plugin->filter(state, pod, *snapshot.find("n")));
  };
  CHECK(asked(term("db")) == "Success");
  auto by_name = term("db");
  by_name.namespaces = {"blue"};
  CHECK(asked(by_name) == too_near);
  auto by_label = term("db");
  by_label.namespaces.clear();
  by_label.namespace_selector = api::LabelSelector::of({{"team", "x"}});
  CHECK(asked(by_label) == too_near);
  by_label.namespace_selector = api::LabelSelector::of({{"team", "y"}});
  CHECK(asked(by_label) == "Success");
}

TEST_CASE("InterPodAffinity: scores are the weights of the terms around") {
  const auto plugin = make(make_inter_pod_affinity);
  const std::vector nodes = {labelled("n0", {{"zone", "a"}}), labelled("n1", {{"zone", "b"}}),
                             labelled("n2", {})};
  CHECK(scored(*plugin, app("p", "web"), nodes, {app("q", "db", "n0")}).empty());

  auto pod = app("p", "web");
  pod.spec->pod_affinity.preferred = {{10, term("db")}};
  pod.spec->pod_anti_affinity.preferred = {{4, term("noisy")}};
  const std::vector others = {app("q", "db", "n0"), app("r", "noisy", "n1")};
  CHECK(scored(*plugin, pod, nodes, others, false) == Scores{10, -4, 0});
  CHECK(scored(*plugin, pod, nodes, others) == Scores{100, 0, 28});

  // Weights that cancel each other out are scores, too.
  CHECK(scored(*plugin, pod, nodes,
               {app("q", "db", "n0"), app("r", "noisy", "n0"), app("s", "noisy", "n0"), app("t", "db", "n0"),
                app("u", "noisy", "n0"), app("v", "noisy", "n0"), app("w", "noisy", "n0")},
               false) == Scores{0, 0, 0});

  auto fond = app("q", "db", "n1");
  fond.spec->pod_affinity.required = {term("web")};
  fond.spec->pod_affinity.preferred = {{5, term("web")}};
  CHECK(scored(*plugin, app("p", "web"), nodes, {fond}, false) == Scores{0, 6, 0});
  const auto heavy = make(make_inter_pod_affinity, {{"hardPodAffinityWeight", 50}});
  CHECK(scored(*heavy, app("p", "web"), nodes, {fond}, false) == Scores{0, 55, 0});
  const auto deaf = make(make_inter_pod_affinity, {{"ignorePreferredTermsOfExistingPods", true}});
  CHECK(scored(*deaf, app("p", "web"), nodes, {fond}).empty());
}

TEST_CASE("InterPodAffinity: the signature is of the Pod's rules, and of its labels where somebody has any") {
  const auto plugin = make(make_inter_pod_affinity);
  Cache cache;
  Snapshot snapshot;
  const auto signature = [&](const api::Pod& pod) {
    std::string out;
    CHECK(plugin->sign(pod, snapshot, out));
    return out;
  };
  auto asks = app("p", "web");
  asks.spec->pod_affinity.preferred = {{1, term("db")}};
  CHECK(signature(app("p", "web")).empty());
  std::set<std::string> seen = {signature(app("p", "web"))};
  const auto differs = [&](auto change) {
    auto other = asks;
    change(other);
    CHECK(seen.insert(signature(other)).second);
  };
  differs([](auto&) {});
  differs([](auto& other) { other.meta.namespace_ = "blue"; });
  differs([](auto& other) { other.meta.labels["app"] = "db"; });
  differs([](auto& other) { other.spec->pod_affinity.preferred[0].weight = 2; });
  differs([](auto& other) { std::swap(other.spec->pod_affinity, other.spec->pod_anti_affinity); });
  differs([](auto& other) { other.spec->pod_affinity.required = {term("db")}; });
  differs([](auto& other) { other.spec->pod_affinity.preferred[0].term.topology_key = "rack"; });
  differs([](auto& other) { other.spec->pod_affinity.preferred[0].term.label_selector.given = false; });
  differs([](auto& other) { other.spec->pod_affinity.preferred[0].term.namespace_selector.given = true; });
  differs([](auto& other) { other.spec->pod_affinity.preferred[0].term.namespaces = {"blue"}; });

  cache.upsert(std::shared_ptr<const api::Node>(make_node("n")));
  cache.upsert(on_node(asks, "n"));
  cache.update(snapshot);
  CHECK_FALSE(signature(app("p", "web")).empty());
  CHECK(signature(app("p", "web")) != signature(app("p", "db")));
}

TEST_CASE("InterPodAffinity: what is counted is brought up to a later snapshot") {
  const auto plugin = make(make_inter_pod_affinity);
  Cache cache;
  Snapshot snapshot;
  for (const auto* name : {"n0", "n1"}) {
    cache.upsert(std::shared_ptr<const api::Node>(labelled(name, {{"zone", name}})));
  }
  cache.update(snapshot);
  const auto pod = app("p", "web");
  CycleState state;
  CHECK_FALSE(plugin->recount(state, pod, snapshot));
  CHECK(plugin->pre_filter(state, pod, snapshot).status.code == Code::skip);

  auto shy = on_node(app("q", "db"), "n0");
  shy.spec->pod_anti_affinity.required = {term("web")};
  cache.upsert(shy);
  cache.update(snapshot);
  // There is something to count by that there was not.
  CHECK(plugin->recount(state, pod, snapshot));
  CHECK(plugin->pre_filter(state, pod, snapshot).status.ok());
  CHECK_FALSE(plugin->filter(state, pod, *snapshot.find("n0")).ok());
  CHECK(plugin->filter(state, pod, *snapshot.find("n1")).ok());
  const auto facet = [&](std::size_t slot) {
    std::vector<std::int64_t> numbers;
    plugin->facet(state, slot, *snapshot.slots()[slot], numbers);
    return numbers;
  };
  CHECK(facet(0) != facet(1));

  cache.remove_pod(shy.meta.uid);
  cache.update(snapshot);
  CHECK_FALSE(plugin->recount(state, pod, snapshot));
  CHECK(plugin->pre_filter(state, pod, snapshot).status.code == Code::skip);
  CHECK(facet(0) == facet(1));
}

#include <set>

#include "plugin_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

namespace {

api::TopologySpreadConstraint constraint(const char* key, int max_skew, const char* when = "DoNotSchedule") {
  api::TopologySpreadConstraint result;
  result.topology_key = key;
  result.max_skew = max_skew;
  result.when_unsatisfiable = when;
  result.label_selector = api::LabelSelector::of({{"app", "web"}});
  return result;
}

api::Pod web(const char* name, const char* node = "") {
  auto pod = make_pod(name);
  pod.meta.labels["app"] = "web";
  pod.node_name = node;
  return pod;
}

// n0, n1 in zone a, n2 in zone b, n3 without a zone.
struct Zones {
  Cache cache;
  Snapshot snapshot;

  Zones(const std::vector<api::Pod>& others) {
    for (const auto& node : nodes()) cache.upsert(std::shared_ptr<const api::Node>(node));
    for (const auto& other : others) cache.upsert(other);
    cache.update(snapshot);
  }
  static std::vector<std::shared_ptr<api::Node>> nodes() {
    return {labelled("n0", {{"zone", "a"}}), labelled("n1", {{"zone", "a"}}), labelled("n2", {{"zone", "b"}}),
            labelled("n3", {})};
  }
  // A letter for each node: '.' fits, 'x' would be too uneven, '?' has no such label.
  std::string verdicts(const api::Pod& pod) {
    const auto plugin = make(make_pod_topology_spread);
    CycleState state;
    if (plugin->pre_filter(state, pod, snapshot).status.code == Code::skip) return "skip";
    std::string text;
    for (const auto* name : {"n0", "n1", "n2", "n3"}) {
      const auto code = plugin->filter(state, pod, *snapshot.find(name)).code;
      text += code == Code::success ? '.' : code == Code::unschedulable ? 'x' : '?';
    }
    return text;
  }
};

}  // namespace

TEST_CASE("PodTopologySpread: no domain gets more than maxSkew ahead of the emptiest") {
  auto pod = web("p");
  CHECK(Zones({}).verdicts(pod) == "skip");
  pod.spec->topology_spread_constraints = {constraint("zone", 1)};
  CHECK(Zones({}).verdicts(pod) == "...?");
  CHECK(Zones({web("q", "n0")}).verdicts(pod) == "xx.?");
  CHECK(Zones({web("q", "n0"), web("r", "n2")}).verdicts(pod) == "...?");
  pod.spec->topology_spread_constraints[0].max_skew = 2;
  CHECK(Zones({web("q", "n0")}).verdicts(pod) == "...?");
  // Pods of other namespaces, and those that are going, do not count.
  pod.spec->topology_spread_constraints[0].max_skew = 1;
  auto elsewhere = web("q", "n0"), going = web("r", "n1");
  elsewhere.meta.namespace_ = "blue";
  going.meta.deletion_timestamp = api::Time{};
  CHECK(Zones({elsewhere, going}).verdicts(pod) == "...?");
  // With fewer domains than wanted the emptiest counts as having none.
  pod.spec->topology_spread_constraints[0].min_domains = 3;
  CHECK(Zones({web("q", "n0"), web("r", "n2")}).verdicts(pod) == "xxx?");
}

TEST_CASE("PodTopologySpread: whose Pods count is a matter of policy") {
  auto pod = web("p");
  pod.spec->topology_spread_constraints = {constraint("zone", 1)};
  pod.spec->node_selector = {{"zone", "a"}};
  // Zone b is not for this Pod, so it is not the emptiest.
  CHECK(Zones({web("q", "n0")}).verdicts(pod) == "...?");
  pod.spec->topology_spread_constraints[0].honor_node_affinity = false;
  CHECK(Zones({web("q", "n0")}).verdicts(pod) == "xx.?");
}

TEST_CASE("PodTopologySpread: matchLabelKeys narrows down to the Pod's own values") {
  auto pod = web("p");
  pod.meta.labels["version"] = "2";
  pod.spec->topology_spread_constraints = {constraint("zone", 1)};
  auto old = web("q", "n0");
  old.meta.labels["version"] = "1";
  CHECK(Zones({old}).verdicts(pod) == "xx.?");
  pod.spec->topology_spread_constraints[0].match_label_keys = {"version", "absent"};
  CHECK(Zones({old}).verdicts(pod) == "...?");
}

TEST_CASE("PodTopologySpread: scores prefer the emptier domains") {
  const auto plugin = make(make_pod_topology_spread);
  auto pod = web("p");
  CHECK(scored(*plugin, pod, Zones::nodes()).empty());
  pod.spec->topology_spread_constraints = {constraint("zone", 1, "ScheduleAnyway")};
  const std::vector others = {web("q", "n0"), web("r", "n1")};
  // Two Pods, times the logarithm of two domains and two.
  CHECK(scored(*plugin, pod, Zones::nodes(), others, false) == Scores{3, 3, 0, 0});
  CHECK(scored(*plugin, pod, Zones::nodes(), others) == Scores{0, 0, 100, 0});
  CHECK(scored(*plugin, pod, Zones::nodes()) == Scores{100, 100, 100, 0});
}

TEST_CASE("PodTopologySpread: by default for Pods that have fellows, as the profile says") {
  Zones zones({web("q", "n0"), web("r", "n0")});
  api::Service service;
  service.meta.namespace_ = "default";
  service.meta.name = "web";
  service.selector = {{"app", "web"}};
  const auto pod = web("p");
  const nlohmann::json args = {
      {"defaultingType", "List"},
      {"defaultConstraints",
       {{{"maxSkew", 1}, {"topologyKey", "zone"}, {"whenUnsatisfiable", "DoNotSchedule"}}}}};
  const auto plugin = make(make_pod_topology_spread, args);
  std::string before, after;
  CycleState without;
  CHECK(plugin->pre_filter(without, pod, zones.snapshot).status.code == Code::skip);
  CHECK(plugin->sign(pod, zones.snapshot, before));
  zones.cache.objects().set(service);
  CycleState state;
  CHECK(plugin->pre_filter(state, pod, zones.snapshot).status.ok());
  CHECK(verdict(plugin->filter(state, pod, *zones.snapshot.find("n0"))) ==
        "Unschedulable: node(s) didn't match pod topology spread constraints");
  CHECK(plugin->filter(state, pod, *zones.snapshot.find("n2")).ok());
  CHECK(plugin->sign(pod, zones.snapshot, after));
  CHECK(before.empty());
  CHECK_FALSE(after.empty());
}

TEST_CASE("PodTopologySpread: the signature is of the constraints, and of whom they count") {
  const Zones zones({});
  const auto plugin = make(make_pod_topology_spread);
  const auto signature = [&](const api::Pod& pod) {
    std::string out;
    CHECK(plugin->sign(pod, zones.snapshot, out));
    return out;
  };
  CHECK(signature(web("p")).empty());
  auto pod = web("p");
  pod.spec->topology_spread_constraints = {constraint("zone", 1)};
  auto fellow = pod;
  fellow.meta.name = "q";
  fellow.meta.labels["other"] = "label";
  CHECK(signature(fellow) == signature(pod));

  std::set seen = {signature(pod)};
  const auto differs = [&](auto change) {
    auto other = pod;
    change(other, other.spec->topology_spread_constraints[0]);
    CHECK(seen.insert(signature(other)).second);
  };
  differs([](auto&, auto& part) { part.topology_key = "rack"; });
  differs([](auto&, auto& part) { part.max_skew = 2; });
  differs([](auto&, auto& part) { part.min_domains = 2; });
  differs([](auto&, auto& part) { part.when_unsatisfiable = "ScheduleAnyway"; });
  differs([](auto&, auto& part) { part.honor_node_affinity = false; });
  differs([](auto&, auto& part) { part.honor_node_taints = true; });
  differs([](auto&, auto& part) { part.label_selector = api::LabelSelector::of({{"app", "db"}}); });
  differs([](auto& other, auto&) { other.meta.labels["app"] = "db"; });  // is none of those it counts
  differs([](auto& other, auto&) { other.meta.namespace_ = "blue"; });
  differs([](auto& other, auto&) { other.spec->node_selector = {{"zone", "a"}}; });
  differs([](auto& other, auto&) { other.spec->tolerations.push_back({.key = "key"}); });
}

// n0 and n1 are in one zone, n2 is alone in its own.
TEST_CASE("PodTopologySpread: what is counted is brought up to a later snapshot") {
  Zones zones({web("q", "n0")});
  const auto plugin = make(make_pod_topology_spread);
  auto pod = web("p");
  pod.spec->topology_spread_constraints = {constraint("zone", 1), constraint("zone", 1, "ScheduleAnyway")};
  CycleState state;
  plugin->recount(state, pod, zones.snapshot);
  const auto fits = [&](const char* node) {
    return plugin->filter(state, pod, *zones.snapshot.find(node)).ok();
  };
  const auto facet = [&](const char* node) {
    std::vector<std::int64_t> numbers;
    const auto slot = *zones.snapshot.slot_of(node);
    plugin->facet(state, slot, *zones.snapshot.slots()[slot], numbers);
    return numbers;
  };
  CHECK_FALSE(fits("n0"));
  CHECK(fits("n2"));
  CHECK(facet("n0") == facet("n1"));
  CHECK(facet("n0") != facet("n2"));
  CHECK(facet("n3") != facet("n2"));
  const auto before = facet("n2");
  zones.cache.upsert(web("r", "n2"));
  zones.cache.update(zones.snapshot);
  plugin->recount(state, pod, zones.snapshot);
  CHECK(fits("n0"));
  CHECK(facet("n2") != before);
}

TEST_CASE("PodTopologySpread: Pods that come to a node or leave it are counted for that node's domains") {
  Zones zones({web("q", "n0"), web("r", "n0"), web("s", "n2")});
  const auto plugin = make(make_pod_topology_spread);
  auto pod = web("p");
  pod.spec->topology_spread_constraints = {constraint("zone", 1)};
  CycleState state;
  plugin->pre_filter(state, pod, zones.snapshot);
  const auto& node = *zones.snapshot.find("n0");
  const auto fits = [&] { return plugin->filter(state, pod, node).ok(); };
  const auto first = state;
  CHECK_FALSE(fits());
  plugin->count_pod(state, pod, web("q"), node, -1);
  CHECK(fits());
  plugin->count_pod(state, pod, web("q"), node, 1);
  CHECK_FALSE(fits());
  // Now its own zone is the emptiest.
  for (const auto* name : {"q", "r"}) plugin->count_pod(state, pod, web(name), node, -1);
  CHECK(fits());
  CHECK_FALSE(plugin->filter(first, pod, node).ok());
}

TEST_CASE("PodTopologySpread: bad default constraints are named") {
  const auto error = [](const nlohmann::json& args) {
    const api::JsonDocument document(args);
    api::JsonReader reader(document.root());
    make_pod_topology_spread(reader.root());
    return reader.error() ? reader.error()->context : std::string();
  };
  const nlohmann::json zone = {
      {"maxSkew", 1}, {"topologyKey", "zone"}, {"whenUnsatisfiable", "DoNotSchedule"}};
  CHECK(error({{"defaultConstraints", {zone}}}) == "defaultConstraints: defaultingType System takes none");
  CHECK(error({{"defaultingType", "Magic"}}).starts_with("defaultingType: "));
  auto selective = zone;
  selective["labelSelector"] = nlohmann::json::object();
  CHECK(error({{"defaultingType", "List"}, {"defaultConstraints", {selective}}})
            .starts_with("defaultConstraints[0].labelSelector: "));
  CHECK(error({{"defaultingType", "List"}, {"defaultConstraints", {zone}}}).empty());
}

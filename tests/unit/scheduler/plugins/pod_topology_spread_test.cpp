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
  pod.topology_spread_constraints = {constraint("zone", 1)};
  CHECK(Zones({}).verdicts(pod) == "...?");
  CHECK(Zones({web("q", "n0")}).verdicts(pod) == "xx.?");
  CHECK(Zones({web("q", "n0"), web("r", "n2")}).verdicts(pod) == "...?");
  pod.topology_spread_constraints[0].max_skew = 2;
  CHECK(Zones({web("q", "n0")}).verdicts(pod) == "...?");
  // Pods of other namespaces, and those that are going, do not count.
  pod.topology_spread_constraints[0].max_skew = 1;
  auto elsewhere = web("q", "n0"), going = web("r", "n1");
  elsewhere.meta.namespace_ = "blue";
  going.meta.deletion_timestamp = api::Time{};
  CHECK(Zones({elsewhere, going}).verdicts(pod) == "...?");
  // With fewer domains than wanted the emptiest counts as having none.
  pod.topology_spread_constraints[0].min_domains = 3;
  CHECK(Zones({web("q", "n0"), web("r", "n2")}).verdicts(pod) == "xxx?");
}

TEST_CASE("PodTopologySpread: whose Pods count is a matter of policy") {
  auto pod = web("p");
  pod.topology_spread_constraints = {constraint("zone", 1)};
  pod.node_selector = {{"zone", "a"}};
  // Zone b is not for this Pod, so it is not the emptiest.
  CHECK(Zones({web("q", "n0")}).verdicts(pod) == "...?");
  pod.topology_spread_constraints[0].honor_node_affinity = false;
  CHECK(Zones({web("q", "n0")}).verdicts(pod) == "xx.?");
}

TEST_CASE("PodTopologySpread: matchLabelKeys narrows down to the Pod's own values") {
  auto pod = web("p");
  pod.meta.labels["version"] = "2";
  pod.topology_spread_constraints = {constraint("zone", 1)};
  auto old = web("q", "n0");
  old.meta.labels["version"] = "1";
  CHECK(Zones({old}).verdicts(pod) == "xx.?");
  pod.topology_spread_constraints[0].match_label_keys = {"version", "absent"};
  CHECK(Zones({old}).verdicts(pod) == "...?");
}

TEST_CASE("PodTopologySpread: scores prefer the emptier domains") {
  const auto plugin = make(make_pod_topology_spread);
  auto pod = web("p");
  CHECK(scored(*plugin, pod, Zones::nodes()).empty());
  pod.topology_spread_constraints = {constraint("zone", 1, "ScheduleAnyway")};
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
  CycleState state;
  std::string signature;
  CHECK(plugin->pre_filter(state, pod, zones.snapshot).status.code == Code::skip);
  CHECK(plugin->sign(pod, zones.snapshot, signature));
  zones.cache.objects().set(service);
  CHECK(plugin->pre_filter(state, pod, zones.snapshot).status.ok());
  CHECK(verdict(plugin->filter(state, pod, *zones.snapshot.find("n0"))) ==
        "Unschedulable: node(s) didn't match pod topology spread constraints");
  CHECK(plugin->filter(state, pod, *zones.snapshot.find("n2")).ok());
  CHECK_FALSE(plugin->sign(pod, zones.snapshot, signature));
}

TEST_CASE("PodTopologySpread: bad default constraints are named") {
  const auto error = [](const nlohmann::json& args) {
    api::JsonDocument document(args);
    make_pod_topology_spread(document.root());
    return document.error() ? document.error()->context : std::string();
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

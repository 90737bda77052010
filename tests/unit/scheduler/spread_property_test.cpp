// Random clusters of Pods with wishes about each other, and random sequences of what happens there: a
// scheduler that keeps its evaluations decides as one that remembers nothing, and as plugins say that are
// asked about each node alone.
#include <algorithm>
#include <map>
#include <random>
#include <set>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <actimanager/scheduler/explain.hpp>

#include "fixtures.hpp"
#include "tie_break.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

namespace {

constexpr const char* hostname = "kubernetes.io/hostname";
constexpr const char* zone = "topology.kubernetes.io/zone";

std::vector<std::string_view> names(const std::vector<const Plugin*>& plugins) {
  std::vector<std::string_view> found;
  for (const auto* plugin : plugins) found.push_back(plugin->name());
  return found;
}

Config config(bool with_own_defaults) {
  nlohmann::json profile = {{"schedulerName", "maestro"}};
  if (with_own_defaults) {
    profile["pluginConfig"] = {
        {{"name", "PodTopologySpread"},
         {"args",
          {{"defaultingType", "List"},
           {"defaultConstraints",
            {{{"maxSkew", 1}, {"topologyKey", zone}, {"whenUnsatisfiable", "DoNotSchedule"}},
             {{"maxSkew", 2}, {"topologyKey", "rack"}, {"whenUnsatisfiable", "ScheduleAnyway"}}}}}}},
        {{"name", "InterPodAffinity"},
         {"args", {{"hardPodAffinityWeight", 7}, {"ignorePreferredTermsOfExistingPods", true}}}}};
  }
  return value_or_throw(parse_config({{"apiVersion", "kubescheduler.config.k8s.io/v1"},
                                      {"kind", "KubeSchedulerConfiguration"},
                                      {"profiles", {profile}}}));
}

struct Neighbourhood {
  explicit Neighbourhood(unsigned seed)
      : random(seed), with_own_defaults(seed % 3 == 0), scheduler(config(with_own_defaults)) {
    for (const auto* name : {"default", "blue"}) set_namespace(name);
    for (int i = 0; i < 9; ++i) set_node(i);
    api::Service service;
    service.meta.namespace_ = "default";
    service.meta.name = "web";
    service.selector = {{"app", "a0"}};
    cache.objects().set(service);
    for (int i = 0; i < 6; ++i) templates.push_back(new_template(i));
  }

  int pick(int low, int high) { return std::uniform_int_distribution(low, high)(random); }
  bool chance(int one_in) { return pick(1, one_in) == 1; }
  template <class T>
  const T& any(const std::vector<T>& of) {
    return of[static_cast<std::size_t>(pick(0, static_cast<int>(of.size()) - 1))];
  }

  void set_namespace(const char* name) {
    api::Namespace object;
    object.meta.name = name;
    if (chance(2)) object.meta.labels["team"] = chance(2) ? "x" : "y";
    cache.upsert(object);
  }

  void set_node(int i) {
    const auto name = "n" + std::to_string(i);
    auto node = make_node(name, chance(3) ? "4" : "8");
    // Some host names are those of two nodes, some zones are of one, some nodes have none.
    if (!chance(8)) node->meta.labels[hostname] = chance(10) ? "shared" : name;
    if (!chance(6)) node->meta.labels[zone] = any<std::string>({"a", "a", "b", "b", "c", ""});
    if (!chance(3)) node->meta.labels["rack"] = any<std::string>({"r1", "r2", "r3", "r4", "r5", "r6"});
    if (chance(8)) node->taints.push_back({"key", "value", chance(2) ? "NoSchedule" : "PreferNoSchedule"});
    cache.upsert(std::shared_ptr<const api::Node>(node));
    nodes.insert(name);
  }

  std::string any_app() { return "a" + std::to_string(pick(0, 3)); }
  const char* any_key() { return any<const char*>({hostname, zone, zone, "rack"}); }

  api::LabelSelector any_selector() {
    if (chance(12)) return {.given = chance(2)};
    auto selector = api::LabelSelector::of({{"app", any_app()}});
    if (chance(5)) selector.requirements[0].op = "NotIn";
    return selector;
  }
  api::PodAffinityTerm any_term() {
    api::PodAffinityTerm term{.label_selector = any_selector(),
                              .namespaces = {},
                              .namespace_selector = {},
                              .topology_key = any_key()};
    if (chance(4)) {
      term.namespace_selector = api::LabelSelector::of({{"team", "x"}});
    } else {
      term.namespaces = {chance(4) ? "blue" : "default"};
    }
    return term;
  }

  // Of which the next Pods are, one after the other.
  api::Pod new_template(int number) {
    auto pod = make_pod("template", (std::to_string(pick(1, 15)) + "00m").c_str());
    if (chance(5)) pod.meta.namespace_ = "blue";
    pod.meta.labels["app"] = number < 3 ? "a" + std::to_string(number) : any_app();
    if (chance(3)) pod.priority = pick(0, 2);
    if (chance(6)) pod.spec->node_selector = {{zone, "a"}};
    if (chance(4)) pod.spec->tolerations.push_back({.key = "key", .op = "Exists"});
    for (int i = pick(0, 2); i > 0; --i) {
      api::TopologySpreadConstraint constraint;
      constraint.max_skew = pick(1, 3);
      constraint.topology_key = any_key();
      constraint.when_unsatisfiable = chance(2) ? "DoNotSchedule" : "ScheduleAnyway";
      constraint.label_selector = any_selector();
      if (chance(4)) constraint.min_domains = pick(1, 4);
      constraint.honor_node_affinity = chance(2);
      constraint.honor_node_taints = chance(2);
      if (chance(4)) constraint.match_label_keys = {"app"};
      pod.spec->topology_spread_constraints.push_back(constraint);
    }
    if (chance(4)) pod.spec->pod_affinity.required.push_back(any_term());
    if (chance(4)) pod.spec->pod_affinity.preferred.push_back({pick(1, 100), any_term()});
    if (chance(4)) pod.spec->pod_anti_affinity.required.push_back(any_term());
    if (chance(4)) pod.spec->pod_anti_affinity.preferred.push_back({pick(1, 100), any_term()});
    return pod;
  }

  api::Pod new_pod() {
    if (chance(25)) templates[static_cast<std::size_t>(pick(0, 5))] = new_template(pick(0, 5));
    auto pod = any(templates);
    pod.meta.name = "p" + std::to_string(++count);
    pod.meta.uid = "uid-" + pod.meta.name;
    return pod;
  }

  // The best of the feasible nodes, as explain() scores them one by one.
  static std::string winner(const Explanation& explanation, const api::Pod& pod) {
    const auto pod_hash = hash_of(pod.meta.uid);
    const Explanation::Node* best = nullptr;
    for (const auto& node : explanation.nodes) {
      if (!node.feasible) continue;
      const auto rank = [&](const auto& n) {
        return std::pair(n.total, tie_rank(pod_hash, hash_of(n.name)));
      };
      if (best == nullptr || rank(node) > rank(*best)) best = &node;
    }
    return best == nullptr ? "" : best->name;
  }

  void schedule() {
    const auto pod = new_pod();
    cache.update(snapshot);
    // In parts, between which things happen, or all at once.
    for (int i = pick(0, 3); i > 0 && !scheduler.schedule_one(pod, snapshot, 2); --i) {
      if (chance(4)) happen();
      cache.update(snapshot);
    }
    const auto decision = scheduler.schedule_one(pod, snapshot);
    Scheduler fresh(config(with_own_defaults));
    const auto again = fresh.schedule_one(pod, snapshot);
    REQUIRE(again.node == decision.node);
    REQUIRE(again.message == decision.message);
    REQUIRE(again.feasible_nodes == decision.feasible_nodes);
    REQUIRE(names(again.rejected_by) == names(decision.rejected_by));
    REQUIRE((again.nomination() == nullptr) == (decision.nomination() == nullptr));
    if (const auto* nomination = decision.nomination()) {
      REQUIRE(again.nomination()->node == nomination->node);
      REQUIRE(again.nomination()->victims == nomination->victims);
    }
    const auto explanation = explain(*scheduler.config().profile("maestro"), pod, snapshot);
    REQUIRE(std::ranges::count(explanation.nodes, true, &Explanation::Node::feasible) ==
            decision.feasible_nodes);
    REQUIRE(winner(explanation, pod) == decision.node);
    if (decision.placed()) {
      ++placed;
      cache.assume(pod, decision.node, decision.placement);
      on_nodes.push_back(on_node(pod, decision.node));
    } else if (decision.nomination() != nullptr) {
      ++nominated;
      cache.nominate(std::make_shared<const api::Pod>(pod), decision.nomination()->node, {});
      waiting.push_back(pod.meta.uid);
    } else {
      ++refused;
    }
  }

  // Something else than a decision.
  void happen() {
    if (chance(30)) set_node(pick(0, 10));
    if (chance(60) && nodes.size() > 4) {
      const auto name = *std::next(nodes.begin(), pick(0, static_cast<int>(nodes.size()) - 1));
      cache.remove_node(name);
      nodes.erase(name);
    }
    if (chance(40)) set_namespace(any<const char*>({"default", "blue"}));
    if (!waiting.empty() && chance(8)) {
      cache.withdraw_nomination(waiting.back());
      waiting.pop_back();
    }
    if (on_nodes.empty()) return;
    const auto i = static_cast<std::size_t>(pick(0, static_cast<int>(on_nodes.size()) - 1));
    auto& pod = on_nodes[i];
    switch (pick(0, 5)) {
      case 0:
        pod.meta.deletion_timestamp = api::Time{};
        cache.upsert(pod);
        break;
      case 1:
        pod.meta.labels["app"] = any_app();
        cache.upsert(pod);
        break;
      case 2:
        cache.upsert(pod);  // confirmed
        break;
      default:
        cache.remove_pod(pod.meta.uid);
        on_nodes.erase(on_nodes.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  // More changes than are remembered.
  void happen_often() {
    for (int i = 0; i < 1200 && !on_nodes.empty(); ++i) {
      auto& pod = on_nodes[static_cast<std::size_t>(i) % on_nodes.size()];
      pod.meta.labels["app"] = any_app();
      cache.upsert(pod);
    }
  }

  std::mt19937 random;
  bool with_own_defaults;
  Scheduler scheduler;
  Cache cache;
  Snapshot snapshot;
  std::set<std::string> nodes;
  std::vector<api::Pod> templates, on_nodes;
  std::vector<std::string> waiting;
  int count = 0, placed = 0, refused = 0, nominated = 0;
};

}  // namespace

TEST_CASE("what is kept of Pods' wishes about each other is what looking at every node finds") {
  int placed = 0, refused = 0, nominated = 0;
  for (unsigned seed = 1; seed <= 90; ++seed) {
    CAPTURE(seed);
    Neighbourhood world(seed);
    for (int step = 0; step < 120; ++step) {
      CAPTURE(step);
      world.schedule();
      for (int i = world.pick(0, 2); i > 0; --i) world.happen();
      if (step == 80) world.happen_often();
    }
    placed += world.placed;
    refused += world.refused;
    nominated += world.nominated;
  }
  CHECK(placed > 2000);
  CHECK(refused > 1000);
  CHECK(nominated > 30);
}

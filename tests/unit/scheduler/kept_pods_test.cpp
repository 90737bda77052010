#include <functional>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include <actimanager/scheduler/kept_pods.hpp>

#include "fixtures.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

namespace {

api::Condition condition(const char* type, int second) {
  return {.type = type,
          .status = api::ConditionStatus::true_,
          .last_transition_time = api::Time(std::chrono::seconds(second))};
}

// One of a Deployment's.
api::Pod replica(int number, const std::string& app = "web") {
  auto pod = make_pod(app + "-" + std::to_string(number));
  pod.meta.labels = api::StringMap{{"app", app}, {"tier", "front"}};
  pod.meta.annotations = api::StringMap{{std::string(api::cfs_quota_annotation), "lift"}};
  *pod.meta.owner_references = {{"apps/v1", "ReplicaSet", app, "uid of " + app, true}};
  pod.spec->tolerations = {{"key", "Exists", "", "NoExecute", 300}};
  pod.spec->pod_anti_affinity.preferred = {{100, {.topology_key = "zone"}}};
  pod.node_affinity->preferred = {{1, {{{"zone", "In", {"a"}}}, {}}}};
  pod.volumes->push_back({.name = "data", .claim_name = "data"});
  pod.conditions->push_back(condition("Ready", 0));
  pod.container_statuses->push_back(
      {.name = "main", .resources_requests = resources({{"cpu", "2"}, {"memory", "1Gi"}})});
  return pod;
}

// In which parts the two share what they say.
std::vector<bool> shared_parts(const api::Pod& a, const api::Pod& b) {
  return {a.spec.shares_with(b.spec),
          a.node_affinity.shares_with(b.node_affinity),
          a.volumes.shares_with(b.volumes),
          a.meta.labels.shares_with(b.meta.labels),
          a.meta.annotations.shares_with(b.meta.annotations),
          a.meta.owner_references.shares_with(b.meta.owner_references),
          a.conditions.shares_with(b.conditions),
          a.container_statuses.shares_with(b.container_statuses)};
}

api::Pod reduced(KeptPods& kept, api::Pod pod) {
  kept.reduce(pod);
  return pod;
}

}  // namespace

TEST_CASE("KeptPods: Pods of one template share all of it, and say what they said") {
  KeptPods kept;
  auto first = replica(1);
  first.conditions[0].last_transition_time = {};
  const auto before = first;
  kept.reduce(first);
  CHECK(first == before);
  const auto second = reduced(kept, replica(2));
  CHECK(shared_parts(first, second) == std::vector<bool>(8, true));
  CHECK(second.meta.name == "web-2");
}

TEST_CASE("KeptPods: what differs in one field is shared in every other part") {
  struct Row {
    std::function<void(api::Pod&)> edit;
    std::size_t part;
  };
  const std::vector<Row> rows = {
      {[](api::Pod& p) { p.spec->scheduler_name = "other"; }, 0},
      {[](api::Pod& p) { p.spec->preemption_policy = "Never"; }, 0},
      {[](api::Pod& p) { p.spec->host_network = true; }, 0},
      {[](api::Pod& p) { p.spec->scheduling_gates = {"g"}; }, 0},
      {[](api::Pod& p) { p.spec->node_selector = {{"a", "b"}}; }, 0},
      {[](api::Pod& p) { p.spec->tolerations[0].toleration_seconds.reset(); }, 0},
      {[](api::Pod& p) { p.spec->containers[0].name = "other"; }, 0},
      {[](api::Pod& p) { p.spec->containers[0].image = "app:2"; }, 0},
      {[](api::Pod& p) { p.spec->containers[0].requests["cpu"] += Quantity::milli(1); }, 0},
      {[](api::Pod& p) { p.spec->containers[0].limits.emplace("cpu", Quantity::units(9)); }, 0},
      {[](api::Pod& p) { p.spec->containers[0].ports = {{80, "", "TCP"}}; }, 0},
      {[](api::Pod& p) { p.spec->containers[0].restart_always = true; }, 0},
      {[](api::Pod& p) { p.spec->init_containers = std::move(p.spec->containers); }, 0},
      {[](api::Pod& p) { p.spec->ephemeral_containers = {"debug"}; }, 0},
      {[](api::Pod& p) { p.spec->overhead = resources({{"cpu", "1"}}); }, 0},
      {[](api::Pod& p) { p.spec->pod_requests.emplace(); }, 0},
      {[](api::Pod& p) { p.spec->pod_limits.emplace(); }, 0},
      {[](api::Pod& p) { std::swap(p.spec->pod_affinity, p.spec->pod_anti_affinity); }, 0},
      {[](api::Pod& p) { p.spec->topology_spread_constraints.emplace_back(); }, 0},
      {[](api::Pod& p) { p.spec->has_resource_claims = true; }, 0},
      {[](api::Pod& p) { p.node_affinity->required.emplace(); }, 1},
      {[](api::Pod& p) { p.volumes[0].claim_name = "data-1"; }, 2},
      {[](api::Pod& p) { p.meta.labels["tier"] = "back"; }, 3},
      {[](api::Pod& p) { p.meta.annotations->begin()->second = "keep"; }, 4},
      {[](api::Pod& p) { p.meta.owner_references[0].controller = false; }, 5},
      {[](api::Pod& p) { p.conditions[0].status = api::ConditionStatus::false_; }, 6},
      {[](api::Pod& p) { p.container_statuses[0].allocated_resources.emplace(); }, 7},
  };
  KeptPods kept;
  const auto usual = reduced(kept, replica(1));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CAPTURE(i);
    auto odd = replica(2);
    odd.conditions[0].last_transition_time = {};
    rows[i].edit(odd);
    const auto before = odd;
    kept.reduce(odd);
    CHECK(odd == before);
    std::vector<bool> expected(8, true);
    expected[rows[i].part] = false;
    CHECK(shared_parts(usual, odd) == expected);
  }
}

TEST_CASE("KeptPods: what only nodes' agents ask for is not kept") {
  KeptPods kept;
  auto pod = replica(1);
  pod.meta.annotations["checksum"] = "0f";
  pod.conditions = std::vector{condition("Ready", 7), condition("PodScheduled", 8)};
  pod.container_statuses[0].container_id = "containerd://0f";
  pod.container_statuses[0].running = true;
  kept.reduce(pod);
  CHECK(pod.meta.annotations == api::StringMap{{std::string(api::cfs_quota_annotation), "lift"}});
  CHECK(pod.conditions == std::vector{condition("Ready", 0), condition("PodScheduled", 0)});
  CHECK(pod.container_statuses[0].container_id.empty());
  CHECK_FALSE(pod.container_statuses[0].running);
  CHECK(pod.container_statuses[0].resources_requests == resources({{"cpu", "2"}, {"memory", "1Gi"}}));
}

TEST_CASE("KeptPods: a change of one Pod is not seen by those it shared with") {
  KeptPods kept;
  const auto first = reduced(kept, replica(1));
  auto second = reduced(kept, replica(2));
  second.spec->containers[0].image = "app:2";
  CHECK(first.spec->containers[0].image == "app:1");
}

TEST_CASE("KeptPods: a template that nobody uses is forgotten") {
  KeptPods kept;
  const auto first = reduced(kept, replica(1));
  for (int i = 0; i < 5000; ++i) reduced(kept, replica(i, "app-" + std::to_string(i)));
  CHECK(kept.size() <= 8 * 128);
  CHECK(shared_parts(first, reduced(kept, replica(2))) == std::vector<bool>(8, true));
}

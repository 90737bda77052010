// One plugin alone, asked as the framework asks it.
#pragma once

#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <actimanager/api/json_cursor.hpp>

#include "fixtures.hpp"
#include "plugins/plugins.hpp"

namespace actimanager::scheduler::testing {

inline std::unique_ptr<Plugin> make(Factory factory, const nlohmann::json& args = nullptr) {
  const api::JsonDocument document(args);
  api::JsonReader reader(document.root());
  auto plugin = factory(reader.root());
  REQUIRE_FALSE(reader.error());
  return plugin;
}

// PreFilter and Filter of one Pod on one node, with other Pods on it.
inline Status filtered(const Plugin& plugin, const api::Pod& pod, std::shared_ptr<const api::Node> node,
                       const std::vector<api::Pod>& others = {}) {
  Cache cache;
  Snapshot snapshot;
  const auto name = node->meta.name;
  cache.upsert(std::move(node));
  for (const auto& other : others) cache.upsert(on_node(other, name));
  cache.update(snapshot);
  CycleState state;
  auto [status, names] = plugin.pre_filter(state, pod, snapshot);
  if (!status.ok()) return status;
  return plugin.filter(state, pod, *snapshot.find(name));
}

inline std::string verdict(const Status& status) {
  std::string text(to_string(status.code));
  for (const auto& reason : status.reasons) text += ": " + reason;
  return text;
}

// For plugins that do not look at them.
inline NodeList no_nodes() {
  static const Snapshot nothing;
  return {nothing, {}};
}

// PreScore, Score, NormalizeScore on nodes in their order; empty: PreScore skipped.
inline std::vector<std::int64_t> scored(const Plugin& plugin, const api::Pod& pod,
                                        const std::vector<std::shared_ptr<api::Node>>& nodes,
                                        const std::vector<api::Pod>& others = {}, bool normalized = true) {
  Cache cache;
  Snapshot snapshot;
  for (const auto& node : nodes) cache.upsert(node);
  for (const auto& other : others) cache.upsert(other);
  cache.update(snapshot);
  CycleState state;
  plugin.pre_filter(state, pod, snapshot);
  std::vector<std::size_t> slots(nodes.size());
  std::iota(slots.begin(), slots.end(), 0);
  const NodeList feasible(snapshot, slots);
  if (plugin.pre_score(state, pod, snapshot, feasible).code == Code::skip) return {};
  std::vector<std::int64_t> scores;
  for (const auto& node : nodes) scores.push_back(plugin.score(state, pod, *snapshot.find(node->meta.name)));
  if (normalized && plugin.normalizes()) plugin.normalize(state, feasible, scores);
  return scores;
}

using Scores = std::vector<std::int64_t>;

inline std::shared_ptr<api::Node> labelled(std::string name, api::StringMap labels) {
  auto node = make_node(std::move(name));
  node->meta.labels = std::move(labels);
  return node;
}

inline std::shared_ptr<api::Node> tainted(std::string name, std::vector<api::Taint> taints) {
  auto node = make_node(std::move(name));
  node->taints = std::move(taints);
  return node;
}

// One node with a machine, for the plugins that place CPUs.
class CpuBench {
 public:
  explicit CpuBench(std::shared_ptr<const topology::Topology> machine) {
    cache_.upsert(std::shared_ptr<const api::Node>(make_node("n")));
    cache_.upsert(make_topology("n", std::move(machine)));
    cache_.update(snapshot_);
  }
  void hold(const char* cpus, api::ExclusivenessLevel level) {
    const auto pod = on_node(make_pod("held-" + std::to_string(++held_)), "n");
    cache_.upsert(pod);
    cache_.upsert(make_binding(pod, "n", cpus, level));
    cache_.update(snapshot_);
  }
  const Snapshot& snapshot() const { return snapshot_; }
  const NodeInfo& node() const { return *snapshot_.find("n"); }

  // PreFilter, Filter and Reserve.
  Status decide(const Plugin& plugin, const api::Pod& pod) const {
    state_ = {};
    auto [status, names] = plugin.pre_filter(state_, pod, snapshot_);
    if (status.ok()) status = plugin.filter(state_, pod, node());
    if (status.ok()) status = plugin.reserve(state_, pod, node());
    return status;
  }
  const std::optional<allocator::Placement>& placement() const { return state_.placement; }  // of decide()
  std::int64_t score(const Plugin& plugin, const api::Pod& pod) const {
    CycleState state;
    REQUIRE(plugin.pre_filter(state, pod, snapshot_).status.ok());
    return plugin.score(state, pod, node());
  }

 private:
  Cache cache_;
  Snapshot snapshot_;
  int held_ = 0;
  mutable CycleState state_;
};

}  // namespace actimanager::scheduler::testing

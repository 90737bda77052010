// PodTopologySpread: Pods of one kind spread evenly over the domains of a topology (zones, nodes).
// Constraints are the Pod's own, or, where it has none, the default ones for Pods that a Service or a
// controller selects.
#include <algorithm>
#include <cmath>
#include <limits>
#include <ranges>

#include <fmt/format.h>

#include "../domains.hpp"
#include "../labels.hpp"
#include "hints.hpp"
#include "plugins.hpp"

namespace actimanager::scheduler {
namespace {

using api::TopologySpreadConstraint;
using Constraints = std::vector<TopologySpreadConstraint>;

bool has_all_keys(const Constraints& constraints, const api::Node& node) {
  return std::ranges::all_of(constraints, [&](const auto& constraint) {
    return node.meta.label(constraint.topology_key) != nullptr;
  });
}

// Whether the Pods of this node count for the constraint.
bool includes(const TopologySpreadConstraint& constraint, const api::Pod& pod, const api::Node& node) {
  if (constraint.honor_node_affinity && !matches_required(pod, node)) return false;
  return !constraint.honor_node_taints || !untolerated_taint(pod, node);
}

std::int64_t count_fellows(const TopologySpreadConstraint& constraint, const std::string& pod_namespace,
                           const NodeInfo& info) {
  if (constraint.label_selector.selects_everything()) return 0;
  return std::ranges::count_if(info.pods, [&](const PodPointer& other) {
    return !other->meta.deletion_timestamp && other->meta.namespace_ == pod_namespace &&
           constraint.label_selector.matches(other->meta.labels);
  });
}

double scored_count(std::int64_t count, std::int32_t max_skew, double weight) {
  return static_cast<double>(count) * weight + static_cast<double>(max_skew - 1);
}

// For Filter.
struct Hard : CycleState::Data {
  struct Part {
    TopologySpreadConstraint constraint;
    DomainCounts domains;
    std::int64_t itself = 0;  // 1 if the Pod is one of those it counts
    std::int64_t fewest = 0;  // in any domain

    void find_fewest() {
      // With fewer domains than wanted, the next one is as good as there, and empty.
      const bool enough = std::ssize(domains) >= constraint.min_domains.value_or(1);
      fewest = enough ? std::ranges::min(domains | std::views::values) : 0;
    }
  };
  std::vector<Part> parts;
};

// For Score.
struct Soft : CycleState::Data {
  struct Part {
    TopologySpreadConstraint constraint;
    DomainCounts domains;  // of the feasible nodes; none for host names
    double weight = 0;     // so that few large domains weigh as much as many small ones
  };
  std::vector<Part> parts;
  Constraints needed;  // nodes without one of these keys get no score
};

class PodTopologySpread final : public Plugin {
 public:
  PodTopologySpread(Constraints defaults, bool by_system)
      : defaults_(std::move(defaults)), by_system_(by_system) {}

  std::string_view name() const override { return "PodTopologySpread"; }
  Points points() const override {
    return Point::pre_filter | Point::filter | Point::pre_score | Point::score;
  }

  PreFilterResult pre_filter(CycleState& state, const api::Pod& pod,
                             const Snapshot& snapshot) const override {
    const auto constraints = constraints_of(pod, snapshot.objects(), "DoNotSchedule");
    if (constraints.empty()) return {skip(), {}};
    auto hard = std::make_unique<Hard>();
    for (const auto& constraint : constraints) {
      hard->parts.push_back({.constraint = constraint,
                             .domains = {},
                             .itself = constraint.label_selector.matches(pod.meta.labels) ? 1 : 0});
    }
    for (const auto& info : snapshot.slots()) {
      if (info == nullptr || !has_all_keys(constraints, *info->node)) continue;
      for (auto& part : hard->parts) {
        if (!includes(part.constraint, pod, *info->node)) continue;
        part.domains[*info->node->meta.label(part.constraint.topology_key)] +=
            count_fellows(part.constraint, pod.meta.namespace_, *info);
      }
    }
    for (auto& part : hard->parts) part.find_fewest();
    state.write(this, std::move(hard));
    return {};
  }

  // As in kube-scheduler a Pod that is being deleted counts here, though PreFilter did not count it.
  void count_pod(CycleState& state, const api::Pod& pod, const api::Pod& other, const NodeInfo& info,
                 int change) const override {
    const auto& node = *info.node;
    const auto& before = *state.read<Hard>(this);
    if (other.meta.namespace_ != pod.meta.namespace_) return;
    const auto all_keys = [&](const auto& part) {
      return node.meta.label(part.constraint.topology_key) != nullptr;
    };
    if (!std::ranges::all_of(before.parts, all_keys)) return;
    auto hard = std::make_unique<Hard>(before);
    for (auto& part : hard->parts) {
      const auto& constraint = part.constraint;
      if (!constraint.label_selector.matches(other.meta.labels) || !includes(constraint, pod, node)) continue;
      part.domains[*node.meta.label(constraint.topology_key)] += change;
      part.find_fewest();
    }
    state.write(this, std::move(hard));
  }

  Status filter(const CycleState& state, const api::Pod&, const NodeInfo& info) const override {
    for (const auto& part : state.read<Hard>(this)->parts) {
      const auto* value = info.node->meta.label(part.constraint.topology_key);
      if (value == nullptr) {
        return unresolvable("node(s) didn't match pod topology spread constraints (missing required label)");
      }
      const auto domain = part.domains.find(*value);
      const auto there = domain == part.domains.end() ? 0 : domain->second;
      if (there + part.itself - part.fewest > part.constraint.max_skew) {
        return unschedulable("node(s) didn't match pod topology spread constraints");
      }
    }
    return {};
  }

  Status pre_score(CycleState& state, const api::Pod& pod, const Snapshot& snapshot,
                   const NodeList& feasible) const override {
    const auto constraints = constraints_of(pod, snapshot.objects(), "ScheduleAnyway");
    if (constraints.empty()) return skip();
    auto soft = std::make_unique<Soft>();
    // The system's defaults also spread where nodes have no zone.
    if (!by_system_ || !pod.topology_spread_constraints.empty()) soft->needed = constraints;
    for (const auto& constraint : constraints) soft->parts.push_back({constraint, {}});
    weigh_domains(*soft, feasible);
    for (const auto& info : snapshot.slots()) {
      if (info == nullptr || !has_all_keys(soft->needed, *info->node)) continue;
      for (auto& part : soft->parts) {
        if (!includes(part.constraint, pod, *info->node)) continue;
        const auto* value = info->node->meta.label(part.constraint.topology_key);
        const auto domain = part.domains.find(value == nullptr ? std::string_view() : *value);
        if (domain == part.domains.end()) continue;
        domain->second += count_fellows(part.constraint, pod.meta.namespace_, *info);
      }
    }
    state.write(this, std::move(soft));
    return {};
  }

  std::int64_t score(const CycleState& state, const api::Pod& pod, const NodeInfo& info) const override {
    const auto& soft = *state.read<Soft>(this);
    if (!has_all_keys(soft.needed, *info.node)) return 0;
    double score = 0;
    for (const auto& [constraint, domains, weight] : soft.parts) {
      const auto* value = info.node->meta.label(constraint.topology_key);
      if (value == nullptr) continue;
      const auto count = constraint.topology_key == hostname_label
                             ? count_fellows(constraint, pod.meta.namespace_, info)
                             : domains.find(*value)->second;
      score += scored_count(count, constraint.max_skew, weight);
    }
    return static_cast<std::int64_t>(std::round(score));
  }
  bool normalizes() const override { return true; }
  void normalize(const CycleState& state, const NodeList& feasible,
                 std::span<std::int64_t> scores) const override {
    const auto& soft = *state.read<Soft>(this);
    std::int64_t lowest = std::numeric_limits<std::int64_t>::max();
    std::int64_t highest = 0;
    std::vector<bool> counts(scores.size());
    for (std::size_t i = 0; i < scores.size(); ++i) {
      counts[i] = has_all_keys(soft.needed, *feasible[i].node);
      if (!counts[i]) continue;
      lowest = std::min(lowest, scores[i]);
      highest = std::max(highest, scores[i]);
    }
    for (std::size_t i = 0; i < scores.size(); ++i) {
      if (!counts[i]) {
        scores[i] = 0;
      } else if (highest == 0) {
        scores[i] = max_node_score;
      } else {
        scores[i] = max_node_score * (highest + lowest - scores[i]) / highest;
      }
    }
  }

  std::vector<Interest> interests() const override {
    return spread_interests([this](const api::Pod& pod, const Objects& objects) {
      return constraints_of(pod, objects, "DoNotSchedule");
    });
  }
  bool sign(const api::Pod& pod, const Snapshot& snapshot, std::string&) const override {
    if (!pod.topology_spread_constraints.empty()) return false;
    return defaults_.empty() || snapshot.objects().selector_of_fellows(pod).selects_everything();
  }

 private:
  Constraints constraints_of(const api::Pod& pod, const Objects& objects,
                             std::string_view when_unsatisfiable) const {
    Constraints constraints;
    const bool own = !pod.topology_spread_constraints.empty();
    for (const auto& constraint : own ? pod.topology_spread_constraints : defaults_) {
      if (constraint.when_unsatisfiable == when_unsatisfiable) constraints.push_back(constraint);
    }
    if (own) {
      for (auto& constraint : constraints) add_label_keys(constraint, pod);
    } else if (!constraints.empty()) {
      const auto fellows = objects.selector_of_fellows(pod);
      if (fellows.selects_everything()) return {};
      for (auto& constraint : constraints) constraint.label_selector = fellows;
    }
    return constraints;
  }

  // matchLabelKeys: only Pods whose values of these labels are the Pod's own.
  static void add_label_keys(TopologySpreadConstraint& constraint, const api::Pod& pod) {
    if (!constraint.label_selector.given) return;
    for (const auto& key : constraint.match_label_keys) {
      if (const auto* value = pod.meta.label(key)) constraint.label_selector.require(key, *value);
    }
  }

  static void weigh_domains(Soft& soft, const NodeList& feasible) {
    std::size_t scored = 0;
    for (std::size_t i = 0; i < feasible.size(); ++i) {
      const auto& node = *feasible[i].node;
      if (!has_all_keys(soft.needed, node)) continue;
      ++scored;
      for (auto& part : soft.parts) {
        if (part.constraint.topology_key == hostname_label) continue;
        const auto* value = node.meta.label(part.constraint.topology_key);
        part.domains.try_emplace(value == nullptr ? std::string() : *value, 0);
      }
    }
    for (auto& part : soft.parts) {
      const auto size = part.constraint.topology_key == hostname_label ? scored : part.domains.size();
      part.weight = std::log(static_cast<double>(size + 2));
    }
  }

  Constraints defaults_;
  bool by_system_;
};

Constraints system_defaults() {
  const auto prefer = [](std::string_view key, std::int32_t max_skew) {
    TopologySpreadConstraint constraint;
    constraint.max_skew = max_skew;
    constraint.topology_key = key;
    constraint.when_unsatisfiable = "ScheduleAnyway";
    return constraint;
  };
  return {prefer(hostname_label, 3), prefer(zone_label, 5)};
}

}  // namespace

std::unique_ptr<Plugin> make_pod_topology_spread(api::JsonCursor args) {
  const auto type = args["defaultingType"].string("System");
  if (type != "System" && type != "List") {
    args["defaultingType"].fail(fmt::format("\"{}\" is not one of System, List", type));
  }
  Constraints defaults;
  args["defaultConstraints"].each([&](api::JsonCursor item) {
    only_fields(item, {"maxSkew", "topologyKey", "whenUnsatisfiable", "minDomains", "nodeAffinityPolicy",
                       "nodeTaintsPolicy", "labelSelector", "matchLabelKeys"});
    if (item["labelSelector"]) item["labelSelector"].fail("default constraints have none: Pods deduce it");
    if (!item["topologyKey"]) item.fail("topologyKey is required");
    if (!is_qualified_name(item["topologyKey"].string())) item["topologyKey"].fail("is not a label's name");
    defaults.push_back(api::decode_spread_constraint(item));
  });
  if (type == "List") return std::make_unique<PodTopologySpread>(std::move(defaults), false);
  if (!defaults.empty()) args["defaultConstraints"].fail("defaultingType System takes none");
  return std::make_unique<PodTopologySpread>(system_defaults(), true);
}

}  // namespace actimanager::scheduler

// PodTopologySpread: Pods of one kind spread evenly over the domains of a topology (zones, nodes).
// Constraints are the Pod's own, or, where it has none, the default ones for Pods that a Service or a
// controller selects.
#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "../labels.hpp"
#include "helpers.hpp"
#include "hints.hpp"
#include "plugins.hpp"
#include "signing.hpp"
#include "spread_counts.hpp"
#include "taint_toleration.hpp"

namespace actimanager::scheduler {
namespace {

using namespace spreading;

// Whether the Pods of this node count for the constraint.
bool includes(const TopologySpreadConstraint& constraint, const api::Pod& pod, const api::Node& node) {
  if (constraint.honor_node_affinity && !matches_required(pod, node)) return false;
  return !constraint.honor_node_taints || !untolerated_taint(pod, node);
}

double scored_count(std::int64_t count, std::int32_t max_skew, double weight) {
  return static_cast<double>(count) * weight + static_cast<double>(max_skew - 1);
}

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
    return {count_hard(state, pod, snapshot).parts.empty() ? skip() : Status(), {}};
  }

  // As in kube-scheduler a Pod that is being deleted counts here, though PreFilter did not count it.
  void count_pod(CycleState& state, const api::Pod& pod, const api::Pod& other, const NodeInfo& info,
                 int change) const override {
    if (other.meta.namespace_ != pod.meta.namespace_) return;
    const auto& node = *info.node;
    const auto& parts = state.read<Hard>(this)->parts;
    const auto all_keys = [&](const auto& part) {
      return node.meta.label(part.constraint.topology_key) != nullptr;
    };
    if (!std::ranges::all_of(parts, all_keys)) return;
    auto& shift = state.edit<Shift>(this).fellows;
    shift.resize(parts.size());
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const auto& constraint = parts[i].constraint;
      if (constraint.label_selector.matches(other.meta.labels) && includes(constraint, pod, node))
        shift[i] += change;
    }
  }

  Status filter(const CycleState& state, const api::Pod&, const NodeInfo& info) const override {
    const auto& parts = state.read<Hard>(this)->parts;
    const auto* shift = state.read<Shift>(this);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const auto& part = parts[i];
      const auto* value = info.node->meta.label(part.constraint.topology_key);
      if (value == nullptr) {
        return unresolvable("node(s) didn't match pod topology spread constraints (missing required label)");
      }
      const auto domain = part.fellows.domains().find(*value);
      const auto more = shift == nullptr ? 0 : shift->fellows[i];
      const auto there = part.fellows.of(domain) + more;
      if (there + part.itself - part.fewest(domain, more) > part.constraint.max_skew) {
        return unschedulable("node(s) didn't match pod topology spread constraints");
      }
    }
    return {};
  }

  Status pre_score(CycleState& state, const api::Pod& pod, const Snapshot& snapshot,
                   const NodeList& feasible) const override {
    auto& soft = count_soft(state, pod, snapshot);
    if (soft.parts.empty()) return skip();
    weigh_domains(soft, feasible);
    return {};
  }

  std::int64_t score(const CycleState& state, const api::Pod& pod, const NodeInfo& info) const override {
    const auto& soft = *state.read<Soft>(this);
    if (!has_all_keys(soft.needed, *info.node)) return 0;
    double score = 0;
    for (const auto& part : soft.parts) {
      const auto* value = info.node->meta.label(part.constraint.topology_key);
      if (value == nullptr) continue;
      const auto count = part.fellows ? part.fellows->of(part.fellows->domains().find(*value))
                                      : count_fellows(part.constraint, pod.meta.namespace_, info);
      score += scored_count(count, part.constraint.max_skew, part.weight);
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
  bool spans_nodes() const override { return true; }
  bool recount(CycleState& state, const api::Pod& pod, const Snapshot& snapshot) const override {
    count_hard(state, pod, snapshot);
    count_soft(state, pod, snapshot);
    return false;
  }
  void facet(const CycleState& state, std::size_t slot, const NodeInfo& info,
             std::vector<std::int64_t>& numbers) const override {
    for (const auto& part : state.read<Hard>(this)->parts) numbers.push_back(part.fellows.mark(slot));
    const auto& soft = *state.read<Soft>(this);
    for (const auto& part : soft.parts) {
      const bool has_key = info.node->meta.label(part.constraint.topology_key) != nullptr;
      if (!has_key) {
        numbers.push_back(Domains::none);
      } else if (part.fellows) {
        numbers.push_back(part.fellows->mark(slot));
      } else {
        numbers.push_back(part.own[slot]);
      }
    }
  }

  bool sign(const api::Pod& pod, const Snapshot& snapshot, std::string& out) const override {
    bool any = false;
    for (const auto* when : {"DoNotSchedule", "ScheduleAnyway"}) {
      for (const auto& constraint : constraints_of(pod, snapshot.objects(), when)) {
        any = true;
        const auto& [max_skew, key, when_unsatisfiable, selector, min_domains, by_affinity, by_taints,
                     labels] = constraint;
        sign_text(out, key);
        sign_text(out, when_unsatisfiable);
        fmt::format_to(std::back_inserter(out), "{}/{}/{}{}{}", max_skew, min_domains.value_or(0),
                       by_affinity ? 1 : 0, by_taints ? 1 : 0, selector.matches(pod.meta.labels) ? 1 : 0);
        sign_selector(out, selector);
      }
    }
    if (!any) return true;
    fmt::format_to(std::back_inserter(out), "{}", pod.spec->topology_spread_constraints.empty() ? "d" : "o");
    sign_text(out, pod.meta.namespace_);
    sign_node_affinity(out, pod);
    sign_tolerations(out, pod);
    return true;
  }

 private:
  Constraints constraints_of(const api::Pod& pod, const Objects& objects,
                             std::string_view when_unsatisfiable) const {
    Constraints constraints;
    const bool own = !pod.spec->topology_spread_constraints.empty();
    for (const auto& constraint : own ? pod.spec->topology_spread_constraints : defaults_) {
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

  // By slot: on nodes with all of these keys, whether its Pods count.
  static std::vector<bool> included(const TopologySpreadConstraint& constraint, const Constraints& needed,
                                    const api::Pod& pod, const Snapshot& snapshot) {
    std::vector<std::shared_ptr<const Domains>> keys;
    for (const auto& other : needed) keys.push_back(snapshot.domains(other.topology_key));
    std::vector<bool> result(snapshot.slots().size());
    for (std::size_t slot = 0; slot < result.size(); ++slot) {
      const auto& info = snapshot.slots()[slot];
      if (info == nullptr) continue;
      const auto has = [&](const auto& domains) { return domains->of(slot) != Domains::none; };
      result[slot] = std::ranges::all_of(keys, has) && includes(constraint, pod, *info->node);
    }
    return result;
  }

  Hard& count_hard(CycleState& state, const api::Pod& pod, const Snapshot& snapshot) const {
    auto& hard = state.edit<Hard>(this);
    if (!hard.is_set) {
      hard.is_set = true;
      const auto constraints = constraints_of(pod, snapshot.objects(), "DoNotSchedule");
      for (const auto& constraint : constraints) {
        Hard::Part part{.constraint = constraint,
                        .itself = constraint.label_selector.matches(pod.meta.labels) ? 1 : 0,
                        .includes = included(constraint, constraints, pod, snapshot),
                        .fellows = DomainSums(snapshot.domains(constraint.topology_key)),
                        .domains = 0,
                        .spectrum = {}};
        std::vector<bool> there(part.fellows.domains().size());
        for (std::size_t slot = 0; slot < part.includes.size(); ++slot) {
          if (part.includes[slot]) there[static_cast<std::size_t>(part.fellows.home(slot))] = true;
        }
        part.domains = std::ranges::count(there, true);
        part.spectrum[0] = part.domains;
        hard.parts.push_back(std::move(part));
      }
    }
    for (auto& part : hard.parts) {
      count_fellows(part.constraint, pod.meta.namespace_, snapshot, hard.seen,
                    [&](std::size_t slot, std::int64_t fellows) { part.recount(slot, fellows); });
    }
    hard.seen = snapshot.generation();
    return hard;
  }

  Soft& count_soft(CycleState& state, const api::Pod& pod, const Snapshot& snapshot) const {
    auto& soft = state.edit<Soft>(this);
    if (!soft.is_set) {
      soft.is_set = true;
      const auto constraints = constraints_of(pod, snapshot.objects(), "ScheduleAnyway");
      // The system's defaults also spread where nodes have no zone.
      if (!by_system_ || !pod.spec->topology_spread_constraints.empty()) soft.needed = constraints;
      for (const auto& constraint : constraints) {
        Soft::Part part{.constraint = constraint, .includes = {}, .fellows = {}, .own = {}};
        if (constraint.topology_key == hostname_label) {
          part.own.resize(snapshot.slots().size());
        } else {
          part.includes = included(constraint, soft.needed, pod, snapshot);
          const auto domains = snapshot.domains(constraint.topology_key);
          part.fellows.emplace(domains, domains->find(""));
        }
        soft.parts.push_back(std::move(part));
      }
    }
    for (auto& part : soft.parts) {
      count_fellows(part.constraint, pod.meta.namespace_, snapshot, soft.seen,
                    [&](std::size_t slot, std::int64_t fellows) {
                      if (!part.fellows) {
                        part.own[slot] = fellows;
                      } else if (part.includes[slot]) {
                        part.fellows->set(slot, fellows);
                      }
                    });
    }
    soft.seen = snapshot.generation();
    return soft;
  }

  // Of the feasible nodes' domains alone. Those without the label have one of their own, or that of the empty
  // value.
  static void weigh_domains(Soft& soft, const NodeList& feasible) {
    for (auto& part : soft.parts) {
      std::size_t size = 0;
      std::vector<std::int32_t> shared;
      for (std::size_t i = 0; i < feasible.size(); ++i) {
        if (!has_all_keys(soft.needed, *feasible[i].node)) continue;
        const auto domain = part.fellows ? part.fellows->home(feasible.slot(i)) : Domains::none;
        const bool own =
            !part.fellows || (domain != Domains::none && part.fellows->domains().is_single(domain));
        if (own) {
          size += feasible.count(i);
        } else {
          shared.push_back(domain);
        }
      }
      std::ranges::sort(shared);
      size += static_cast<std::size_t>(
          std::ranges::distance(shared.begin(), std::ranges::unique(shared).begin()));
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
    if (!item["maxSkew"]) item.fail("maxSkew is required");
    auto constraint = api::decode_spread_constraint(item);
    const bool twice = std::ranges::any_of(defaults, [&](const auto& other) {
      return other.topology_key == constraint.topology_key &&
             other.when_unsatisfiable == constraint.when_unsatisfiable;
    });
    if (twice) item.fail("there is one of this topologyKey and whenUnsatisfiable already");
    defaults.push_back(std::move(constraint));
  });
  if (type == "List") return std::make_unique<PodTopologySpread>(std::move(defaults), false);
  if (!defaults.empty()) args["defaultConstraints"].fail("defaultingType System takes none");
  return std::make_unique<PodTopologySpread>(system_defaults(), true);
}

}  // namespace actimanager::scheduler

// PodTopologySpread: what may even out the domains: one of the Pods that a constraint counts comes or goes,
// or becomes one of them; a node that has all the constraints' labels, or had them, does.
#include <algorithm>

#include "hints.hpp"
#include "spread_counts.hpp"

namespace actimanager::scheduler {
namespace {

using namespace spreading;
using ConstraintsOf = std::function<Constraints(const api::Pod&, const Objects&)>;

// Those that constraints count are on nodes, in the waiting Pod's Namespace.
bool may_count(const api::Pod& waiting, const std::shared_ptr<const api::Pod>& other) {
  return other == nullptr || other->meta.uid == waiting.meta.uid ||
         (!other->node_name.empty() && other->meta.namespace_ == waiting.meta.namespace_);
}

Hint after_pod(const api::Pod& waiting, const Change<api::Pod>& change, const Constraints& constraints) {
  const auto& [before, after] = change;
  const auto counts = [&](const api::TopologySpreadConstraint& constraint, const api::Pod& pod) {
    return constraint.label_selector.matches(pod.meta.labels);
  };
  if (!before || !after) {
    return queue_if(std::ranges::any_of(
        constraints, [&](const auto& constraint) { return counts(constraint, change.either()); }));
  }
  const bool more_nodes = is_itself(waiting, change) &&
                          before->spec->tolerations != after->spec->tolerations &&
                          std::ranges::any_of(constraints, &api::TopologySpreadConstraint::honor_node_taints);
  return queue_if(more_nodes || std::ranges::any_of(constraints, [&](const auto& constraint) {
                    return counts(constraint, *before) != counts(constraint, *after);
                  }));
}

bool same_domains(const Constraints& constraints, const api::Node& a, const api::Node& b) {
  return std::ranges::all_of(constraints, [&](const auto& constraint) {
    const auto* x = a.meta.label(constraint.topology_key);
    const auto* y = b.meta.label(constraint.topology_key);
    return x != nullptr && y != nullptr && *x == *y;
  });
}

Hint after_node(const Change<api::Node>& change, const Constraints& constraints) {
  const auto& [before, after] = change;
  const bool counted = before && has_all_keys(constraints, *before);
  const bool counts = after && has_all_keys(constraints, *after);
  if (counted != counts) return Hint::queue;
  return queue_if(counts && !(same_domains(constraints, *before, *after) && before->taints == after->taints));
}

}  // namespace

std::vector<Interest> spread_interests(ConstraintsOf constraints_of) {
  return {
      on<api::Pod>(Action::add | Action::remove | Action::pod_labels | Action::pod_tolerations,
                   [constraints_of](const api::Pod& waiting, const Change<api::Pod>& change,
                                    const Surroundings& surroundings) {
                     if (!may_count(waiting, change.before) || !may_count(waiting, change.after))
                       return Hint::skip;
                     return after_pod(waiting, change, constraints_of(waiting, surroundings.objects()));
                   }),
      on<api::Node>(Action::add | Action::remove | Action::node_labels | Action::node_taints,
                    [constraints_of](const api::Pod& waiting, const Change<api::Node>& change,
                                     const Surroundings& surroundings) {
                      return after_node(change, constraints_of(waiting, surroundings.objects()));
                    }),
  };
}

}  // namespace actimanager::scheduler

// InterPodAffinity: what may bring a Pod near those it wants, or away from those it does not: one of either
// kind comes to a node, leaves it, or becomes or ceases to be one of its kind; a node enters or leaves a
// domain. Beyond kube-scheduler's: a Namespace is another's by its labels.
#include <algorithm>

#include "hints.hpp"

namespace actimanager::scheduler {
namespace {

using Terms = std::vector<api::PodAffinityTerm>;

// As in kube-scheduler's hints, Namespaces that a selector stands for are not looked up.
bool matches_all(const Terms& wanted, const api::Pod& pod) {
  static const api::StringMap unknown;
  return !wanted.empty() && std::ranges::all_of(wanted, [&](const api::PodAffinityTerm& term) {
    const bool right_namespace =
        std::ranges::find(term.namespaces, pod.meta.namespace_) != term.namespaces.end() ||
        term.namespace_selector.matches(unknown);
    return right_namespace && term.label_selector.matches(pod.meta.labels);
  });
}

Hint after_pod(const api::Pod& waiting, const Change<api::Pod>& change) {
  const auto& [before, after] = change;
  if ((before && before->node_name.empty()) || (after && after->node_name.empty())) return Hint::skip;
  const auto& wanted = waiting.spec->pod_affinity.required;
  const auto& unwanted = waiting.spec->pod_anti_affinity.required;
  if (!before) return queue_if(matches_all(wanted, *after));
  if (!after) return queue_if(matches_all(unwanted, *before));
  return queue_if((!matches_all(wanted, *before) && matches_all(wanted, *after)) ||
                  (matches_all(unwanted, *before) && !matches_all(unwanted, *after)));
}

Hint after_node(const api::Pod& waiting, const Change<api::Node>& change) {
  const auto& [before, after] = change;
  const auto domain = [](const api::Node& node, const api::PodAffinityTerm& term) {
    return node.meta.label(term.topology_key);
  };
  const auto enters = [&](const api::PodAffinityTerm& term) {
    const auto* now = domain(*after, term);
    if (now == nullptr) return false;
    const auto* then = before ? domain(*before, term) : nullptr;
    return then == nullptr || *then != *now;
  };
  const auto leaves = [&](const api::PodAffinityTerm& term) {
    if (!before) return true;  // a node without the label is nobody's domain
    const auto* then = domain(*before, term);
    if (then == nullptr) return false;
    const auto* now = domain(*after, term);
    return now == nullptr || *then != *now;
  };
  return queue_if(std::ranges::any_of(waiting.spec->pod_affinity.required, enters) ||
                  std::ranges::any_of(waiting.spec->pod_anti_affinity.required, leaves));
}

Hint after_namespace(const api::Pod& waiting, const Change<api::Namespace>& change) {
  // What others ask of its Namespace is not known here.
  if (change.either().meta.name == waiting.meta.namespace_) return Hint::queue;
  const auto selects = [](const api::PodAffinityTerm& term,
                          const std::shared_ptr<const api::Namespace>& space) {
    return space != nullptr && term.namespace_selector.matches(space->meta.labels);
  };
  const auto differs = [&](const api::PodAffinityTerm& term) {
    return selects(term, change.before) != selects(term, change.after);
  };
  return queue_if(std::ranges::any_of(waiting.spec->pod_affinity.required, differs) ||
                  std::ranges::any_of(waiting.spec->pod_anti_affinity.required, differs));
}

}  // namespace

std::vector<Interest> affinity_interests() {
  return {on<api::Pod>(Action::add | Action::remove | Action::pod_labels, after_pod),
          on<api::Node>(Action::add | Action::node_labels, after_node), on_node_taints(),
          on<api::Namespace>(Action::add | Action::remove | Action::update, after_namespace)};
}

}  // namespace actimanager::scheduler

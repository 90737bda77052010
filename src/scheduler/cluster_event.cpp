#include <algorithm>
#include <string_view>

#include <actimanager/api/kind.hpp>
#include <actimanager/scheduler/cluster_event.hpp>
#include <actimanager/scheduler/resources.hpp>

#include "binding_holdings.hpp"

namespace actimanager::scheduler {
namespace {

template <class T>
constexpr bool is_added_or_removed(const Change<T>& change) {
  return change.before == nullptr || change.after == nullptr;
}

template <class T>
std::vector<ClusterEvent> as_it_came_or_went(const Change<T>& change) {
  return {{change.before == nullptr ? Action::add : Action::remove, change}};
}

bool asks_for_less(const api::Pod& before, const api::Pod& after) {
  const auto now = pod_requests(after, {.use_status = true});
  return std::ranges::any_of(pod_requests(before, {.use_status = true}), [&](const auto& entry) {
    const auto it = now.find(entry.first);
    return it == now.end() || entry.second.milli_value() > it->second.milli_value();
  });
}

std::string_view name_of(Action action) {
  switch (action) {
    case Action::add:
      return "Add";
    case Action::remove:
      return "Delete";
    case Action::update:
      return "Update";
    case Action::node_allocatable:
      return "UpdateNodeAllocatable";
    case Action::node_labels:
      return "UpdateNodeLabel";
    case Action::node_taints:
      return "UpdateNodeTaint";
    case Action::pod_labels:
      return "UpdatePodLabel";
    case Action::pod_scaled_down:
      return "UpdatePodScaleDown";
    case Action::pod_tolerations:
      return "UpdatePodToleration";
    case Action::pod_gates_gone:
      return "UpdatePodSchedulingGatesEliminated";
    case Action::pod_annotations:
      return "UpdatePodAnnotation";
  }
  return "";
}

template <class T>
std::string resource_of(const Change<T>&) {
  const std::string kind(api::Kind<T>::kind);
  return api::Kind<T>::group == "storage.k8s.io" ? "storage.k8s.io/" + kind : kind;
}

// A Pod that is nominated for a node counts as one that is on it: what becomes free is the same.
std::string resource_of(const Change<api::Pod>& change) {
  const bool leaves = change.after == nullptr;
  return leaves || !change.after->node_name.empty() ? "AssignedPod" : "UnschedulablePod";
}

}  // namespace

std::string to_string(const ClusterEvent& event) {
  auto text = std::visit([](const auto& change) { return resource_of(change); }, event.change);
  return text += name_of(event.action);
}

std::vector<ClusterEvent> events_of(const Change<api::Node>& change) {
  if (is_added_or_removed(change)) return as_it_came_or_went(change);
  const auto& before = *change.before;
  const auto& after = *change.after;
  std::vector<ClusterEvent> events;
  if (before.allocatable != after.allocatable) events.push_back({Action::node_allocatable, change});
  if (before.meta.labels != after.meta.labels) events.push_back({Action::node_labels, change});
  if (before.taints != after.taints || (before.unschedulable && !after.unschedulable)) {
    events.push_back({Action::node_taints, change});
  }
  return events;
}

std::vector<ClusterEvent> events_of(const Change<api::Pod>& change) {
  if (is_added_or_removed(change)) return as_it_came_or_went(change);
  const auto& before = *change.before;
  const auto& after = *change.after;
  std::vector<ClusterEvent> events;
  if (before.meta.labels != after.meta.labels) events.push_back({Action::pod_labels, change});
  if (asks_for_less(before, after)) events.push_back({Action::pod_scaled_down, change});
  if (!before.spec->scheduling_gates.empty() && after.spec->scheduling_gates.empty()) {
    events.push_back({Action::pod_gates_gone, change});
  }
  // They are only ever added to.
  if (before.spec->tolerations.size() != after.spec->tolerations.size()) {
    events.push_back({Action::pod_tolerations, change});
  }
  if (before.meta.annotations != after.meta.annotations) events.push_back({Action::pod_annotations, change});
  return events;
}

std::vector<ClusterEvent> events_of(const Change<api::NodeCPUTopology>& change) {
  if (is_added_or_removed(change)) return as_it_came_or_went(change);
  const auto& before = *change.before;
  const auto& after = *change.after;
  const bool same_machine = (before.topology == nullptr) == (after.topology == nullptr) &&
                            (before.topology == nullptr || *before.topology == *after.topology);
  const bool same = same_machine && before.node_name == after.node_name &&
                    before.status.reserved_cpus == after.status.reserved_cpus;
  if (same) return {};
  return {{Action::update, change}};
}

std::vector<ClusterEvent> events_of(const Change<api::PodCPUBinding>& change) {
  if (is_added_or_removed(change)) return as_it_came_or_went(change);
  const auto& before = *change.before;
  const auto& after = *change.after;
  const bool same = holdings_of(before) == holdings_of(after) && before.owner_uid() == after.owner_uid() &&
                    before.node_name() == after.node_name() && before.spec.pod_name == after.spec.pod_name;
  if (same) return {};
  return {{Action::update, change}};
}

std::vector<ClusterEvent> events_of(const Change<api::Namespace>& change) {
  if (is_added_or_removed(change)) return as_it_came_or_went(change);
  if (change.before->meta.labels == change.after->meta.labels) return {};
  return {{Action::update, change}};
}

}  // namespace actimanager::scheduler

// WorkloadAware and PodIsolation: what may make room for a Pod's CPUs, where they could then be its own.
#include <algorithm>
#include <array>

#include <actimanager/api/names.hpp>

#include "../binding_holdings.hpp"
#include "hints.hpp"

namespace actimanager::scheduler {
namespace {

Hint after_pod_left(const api::Pod& waiting, const Change<api::Pod>& change, const Surroundings& cluster) {
  const auto& gone = *change.before;
  const auto& node = gone.node_name.empty() ? gone.nominated_node_name : gone.node_name;
  return queue_if(cluster.may_get_cpus(waiting, node));
}

Hint after_scale_down(const api::Pod& waiting, const Change<api::Pod>& change, const Surroundings& cluster) {
  if (is_itself(waiting, change)) return Hint::queue;
  return queue_if(cluster.may_get_cpus(waiting, change.after->node_name));
}

// What annotations ask of the Pod's binding: its level decides for both plugins.
bool asks_the_same(const api::Pod& a, const api::Pod& b) {
  return std::ranges::all_of(
      std::array{api::exclusiveness_level_annotation, api::cfs_quota_annotation, api::isolation_annotation},
      [&](std::string_view name) {
        const auto* of_a = a.meta.annotation(name);
        const auto* of_b = b.meta.annotation(name);
        return of_a == nullptr || of_b == nullptr ? of_a == of_b : *of_a == *of_b;
      });
}

Hint after_annotations(const api::Pod& waiting, const Change<api::Pod>& change) {
  return queue_if(is_itself(waiting, change) && !asks_the_same(*change.before, *change.after));
}

Hint after_new_node(const api::Pod& waiting, const Change<api::Node>& change, const Surroundings& cluster) {
  return queue_if(cluster.may_get_cpus(waiting, change.after->meta.name));
}

Hint after_topology(const api::Pod& waiting, const Change<api::NodeCPUTopology>& change,
                    const Surroundings& cluster) {
  return queue_if(cluster.may_get_cpus(waiting, change.after->node_name));
}

// The scheduler's own take what it has counted already; one made by hand may take its Pod out of the pool.
bool takes_nothing_but_what_was_counted(const Change<api::PodCPUBinding>& change) {
  return !change.before && change.after->is_scheduler_made();
}

Hint after_binding(const api::Pod& waiting, const Change<api::PodCPUBinding>& change,
                   const Surroundings& cluster) {
  if (takes_nothing_but_what_was_counted(change)) return Hint::skip;
  // One that names no node, as by hand, counts on that of its Pod, wherever that is. (A label that names
  // another one is soon corrected, which is a change, too.)
  const auto may_help = [&](const auto& binding) {
    if (!binding) return false;
    const auto& node = binding->node_name();
    return node.empty() || cluster.may_get_cpus(waiting, node);
  };
  return queue_if(may_help(change.before) || may_help(change.after));
}

}  // namespace

std::vector<Interest> cpu_interests() {
  return {on<api::Node>(Action::add, after_new_node),
          on<api::NodeCPUTopology>(Action::add | Action::update, after_topology),
          on<api::PodCPUBinding>(Action::add | Action::update | Action::remove, after_binding),
          on<api::Pod>(Action::remove, after_pod_left),
          on<api::Pod>(Action::pod_scaled_down, after_scale_down),
          on<api::Pod>(Action::pod_annotations, after_annotations)};
}

}  // namespace actimanager::scheduler

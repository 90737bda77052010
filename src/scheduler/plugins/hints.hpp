// Hints of plugins that have them in a file of their own, and what several plugins' hints ask.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include <actimanager/scheduler/queueing_hint.hpp>
#include <actimanager/scheduler/resources.hpp>

namespace actimanager::scheduler {

// The change is of the Pod that waits.
bool is_itself(const api::Pod& waiting, const Change<api::Pod>& change);
// A Pod that is gone was on a node, or was to go to one.
bool left_a_node(const api::Pod& gone);
// The Pod's volumes name the claim; those of ephemeral volumes count if `ephemeral`.
bool names_claim(const api::Pod& waiting, const api::PersistentVolumeClaim& claim, bool ephemeral);

// NodeResourcesFit. `fits`: whether what is requested fits on an empty node with so much.
std::vector<Interest> resource_interests(
    std::function<bool(const Resources& requested, const Resources& allocatable)> fits);
// PodTopologySpread. `constraints_of`: those that Filter holds the Pod to.
std::vector<Interest> spread_interests(
    std::function<std::vector<api::TopologySpreadConstraint>(const api::Pod&, const Objects&)>
        constraints_of);
// InterPodAffinity.
std::vector<Interest> affinity_interests();
// VolumeBinding.
std::vector<Interest> volume_binding_interests();
// WorkloadAware and PodIsolation: a node, or CPUs of it, became available, or the Pod asks for others.
std::vector<Interest> cpu_interests();

}  // namespace actimanager::scheduler

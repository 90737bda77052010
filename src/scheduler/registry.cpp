#include "registry.hpp"

#include <algorithm>

namespace actimanager::scheduler {

std::span<const Registered> registry() {
  static const std::vector<Registered> plugins = {
      // kube-scheduler's defaults, in its order.
      {.name = "SchedulingGates", .make = make_scheduling_gates, .by_default = true},
      {.name = "PrioritySort", .make = make_priority_sort, .by_default = true},
      {.name = "NodeUnschedulable", .make = make_node_unschedulable, .by_default = true},
      {.name = "NodeName", .make = make_node_name, .by_default = true},
      {.name = "TaintToleration", .make = make_taint_toleration, .weight = 3, .by_default = true},
      {.name = "NodeAffinity",
       .make = make_node_affinity,
       .args = {"addedAffinity"},
       .weight = 2,
       .by_default = true},
      {.name = "NodePorts", .make = make_node_ports, .by_default = true},
      {.name = "NodeResourcesFit",
       .make = make_node_resources_fit,
       .args = {"ignoredResources", "ignoredResourceGroups", "scoringStrategy"},
       .by_default = true},
      {.name = "VolumeRestrictions", .make = make_volume_restrictions, .by_default = true},
      {.name = "NodeVolumeLimits", .make = make_node_volume_limits, .by_default = true},
      {.name = "VolumeBinding",
       .make = make_volume_binding,
       .args = {"bindTimeoutSeconds"},
       .by_default = true},
      {.name = "VolumeZone", .make = make_volume_zone, .by_default = true},
      {.name = "PodTopologySpread",
       .make = make_pod_topology_spread,
       .args = {"defaultConstraints", "defaultingType"},
       .weight = 2,
       .by_default = true},
      {.name = "InterPodAffinity",
       .make = make_inter_pod_affinity,
       .args = {"hardPodAffinityWeight", "ignorePreferredTermsOfExistingPods"},
       .weight = 2,
       .by_default = true},
      {.name = "DynamicResources",
       .make = make_dynamic_resources,
       .args = {"filterTimeout"},
       .weight = 2,
       .by_default = true},
      {.name = "DefaultPreemption",
       .make = make_default_preemption,
       .args = {"minCandidateNodesPercentage", "minCandidateNodesAbsolute"},
       .by_default = true},
      {.name = "NodeResourcesBalancedAllocation",
       .make = make_node_resources_balanced_allocation,
       .args = {"resources"},
       .by_default = true},
      {.name = "ImageLocality", .make = make_image_locality, .by_default = true},
      {.name = "DefaultBinder", .by_default = true},
      // Ours. The policy is what such a profile is for: it weighs more than upstream's resource scores, which
      // would otherwise cancel it out.
      {.name = "WorkloadAware",
       .make = make_workload_aware,
       .args = {"policy", "features"},
       .weight = 10,
       .places_cpus = true},
      {.name = "PodIsolation", .make = make_pod_isolation, .places_cpus = true},
  };
  return plugins;
}

const Registered* find_registered(std::string_view name) {
  const auto plugins = registry();
  const auto it = std::ranges::find(plugins, name, &Registered::name);
  return it == plugins.end() ? nullptr : &*it;
}

}  // namespace actimanager::scheduler

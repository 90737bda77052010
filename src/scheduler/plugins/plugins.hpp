// Every plugin there is: one file each, and a factory. The list itself is in registry.cpp.
#pragma once

#include <memory>

#include <actimanager/api/json_cursor.hpp>
#include <actimanager/scheduler/framework.hpp>

namespace actimanager::scheduler {

// Reads its arguments from `args` (absent: defaults), reporting what is wrong to the cursor's document.
using Factory = std::unique_ptr<Plugin> (*)(api::JsonCursor args);

std::unique_ptr<Plugin> make_default_preemption(api::JsonCursor args);
std::unique_ptr<Plugin> make_dynamic_resources(api::JsonCursor args);
std::unique_ptr<Plugin> make_image_locality(api::JsonCursor args);
std::unique_ptr<Plugin> make_inter_pod_affinity(api::JsonCursor args);
std::unique_ptr<Plugin> make_node_affinity(api::JsonCursor args);
std::unique_ptr<Plugin> make_node_name(api::JsonCursor args);
std::unique_ptr<Plugin> make_node_ports(api::JsonCursor args);
std::unique_ptr<Plugin> make_node_resources_balanced_allocation(api::JsonCursor args);
std::unique_ptr<Plugin> make_node_resources_fit(api::JsonCursor args);
std::unique_ptr<Plugin> make_node_unschedulable(api::JsonCursor args);
std::unique_ptr<Plugin> make_node_volume_limits(api::JsonCursor args);
std::unique_ptr<Plugin> make_pod_isolation(api::JsonCursor args);
std::unique_ptr<Plugin> make_pod_topology_spread(api::JsonCursor args);
std::unique_ptr<Plugin> make_priority_sort(api::JsonCursor args);
std::unique_ptr<Plugin> make_scheduling_gates(api::JsonCursor args);
std::unique_ptr<Plugin> make_taint_toleration(api::JsonCursor args);
std::unique_ptr<Plugin> make_volume_binding(api::JsonCursor args);
std::unique_ptr<Plugin> make_volume_restrictions(api::JsonCursor args);
std::unique_ptr<Plugin> make_volume_zone(api::JsonCursor args);
std::unique_ptr<Plugin> make_workload_aware(api::JsonCursor args);

}  // namespace actimanager::scheduler

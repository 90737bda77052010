// Every plugin there is: one file each, a factory, and its predicate where that is of use alone. The list
// itself is in registry.cpp.
#pragma once

#include <initializer_list>
#include <memory>

#include <actimanager/api/json_cursor.hpp>
#include <actimanager/scheduler/cache.hpp>
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
// Any other member is an error that names it.
void only_fields(api::JsonCursor object, std::initializer_list<std::string_view> names);

// TaintToleration, NodeUnschedulable and PodTopologySpread.
bool tolerates(const api::Toleration& toleration, const api::Taint& taint);
bool tolerates_any(const std::vector<api::Toleration>& tolerations, const api::Taint& taint);
// A NoSchedule or NoExecute taint that the Pod does not tolerate.
bool untolerated_taint(const api::Pod& pod, const api::Node& node);

// WorkloadAware and PodIsolation. Precondition: the state has a CpuWish. A node without topology is hopeless.
Status filter_cpus(const CycleState& state, const NodeInfo& node);
// What else the Pod's annotations ask of its binding; `level`: that it will have.
Status check_binding_wishes(const api::Pod& pod, api::ExclusivenessLevel level);
void sign_binding_wishes(std::string& out, const api::Pod& pod);
// Keeps what is reserved already.
Status reserve_cpus(CycleState& state, const api::Pod& pod, const NodeInfo& node);

// Scores from 0 up become [0, 100]: the highest 100, in proportion; reversed: the lowest best.
void normalize_to_highest(std::span<std::int64_t> scores, bool reverse);

// For sign(): text that no other fields' text can be mistaken for.
void sign_text(std::string& out, std::string_view text);
void sign_tolerations(std::string& out, const api::Pod& pod);
void sign_labels(std::string& out, const api::StringMap& labels);
void sign_selector(std::string& out, const api::LabelSelector& selector);
// nodeSelector and node affinity.
void sign_node_affinity(std::string& out, const api::Pod& pod);

}  // namespace actimanager::scheduler

// What WorkloadAware and PodIsolation have in common.
#pragma once

#include <string>

#include <actimanager/api/pod_cpu_binding.hpp>
#include <actimanager/scheduler/framework.hpp>

namespace actimanager::scheduler {

// Precondition: the state has a CpuWish. A node without topology is hopeless.
Status filter_cpus(const CycleState& state, const NodeInfo& node);
// Keeps what is reserved already.
Status reserve_cpus(CycleState& state, const api::Pod& pod, const NodeInfo& node);

// What else the Pod's annotations ask of its binding; `level`: that it will have.
Status check_binding_wishes(const api::Pod& pod, api::ExclusivenessLevel level);
void sign_binding_wishes(std::string& out, const api::Pod& pod);

}  // namespace actimanager::scheduler

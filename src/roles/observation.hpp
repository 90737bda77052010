// What the kernel was seen to grant a Pod, in the API's terms: containers by name.
#pragma once

#include <actimanager/api/pod.hpp>
#include <actimanager/api/pod_cpu_binding.hpp>
#include <actimanager/binding/status.hpp>

#include "sight.hpp"
#include "targets.hpp"

namespace actimanager::roles {

// `sight`: nullptr where the Pod has no cgroup (yet). `before`: the binding's status so far; a container that
// was seen and is being restarted keeps its entry.
binding::Observed observe(const api::Pod& pod, const Sight* sight, const host::PodTarget& target,
                          const api::PodCPUBinding::Status& before);
// Its quotas and partition alone.
void observe_all_but_cpusets(binding::Observed& observed, const Sight* sight);

}  // namespace actimanager::roles

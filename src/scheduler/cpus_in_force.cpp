#include "cpus_in_force.hpp"

#include <algorithm>

#include <actimanager/core/cpu_set.hpp>
#include <actimanager/scheduler/resources.hpp>

namespace actimanager::scheduler {

int cpus_in_force(const api::Pod& pod) {
  const auto requests = to_resources(pod_requests(pod, {.use_status = true}));
  const auto milli = requests.milli_cpu - to_resources(pod.spec->overhead).milli_cpu;
  // No machine has more CPUs than a CpuSet holds.
  return static_cast<int>(std::clamp<std::int64_t>((milli + 999) / 1000, 1, CpuSet::max_id + 1));
}

}  // namespace actimanager::scheduler

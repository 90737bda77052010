#include <algorithm>

#include <actimanager/allocator/placement.hpp>

namespace actimanager::allocator {
namespace {

Quantity cpu_of(const api::ResourceList& list) {
  const auto it = list.find("cpu");
  return it == list.end() ? Quantity{} : it->second;
}

}  // namespace

int cpu_count(const api::Pod& pod) {
  Quantity running, sidecars, starting;
  for (const auto& container : pod.containers) running += cpu_of(container.requests);
  for (const auto& container : pod.init_containers) {
    const Quantity own = cpu_of(container.requests);
    if (container.restart_always) {
      running += own;
      sidecars += own;
      starting = std::max(starting, sidecars);
    } else {
      starting = std::max(starting, sidecars + own);
    }
  }
  Quantity total = std::max(running, starting);
  if (pod.pod_requests && pod.pod_requests->contains("cpu")) total = cpu_of(*pod.pod_requests);
  // No machine has more CPUs than a CpuSet holds.
  return static_cast<int>(std::clamp<std::int64_t>(total.value(), 1, CpuSet::max_id + 1));
}

}  // namespace actimanager::allocator

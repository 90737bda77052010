#include <algorithm>

#include <actimanager/allocator/placement.hpp>

namespace actimanager::allocator {
namespace {

Quantity cpu_of(const api::ResourceList& list) {
  const auto it = list.find("cpu");
  return it == list.end() ? Quantity{} : it->second;
}

// What the containers have at their worst moment together.
Quantity at_once(const api::Pod& pod, api::ResourceList api::Container::* list) {
  Quantity running, sidecars, starting;
  for (const auto& container : pod.spec->containers) running += cpu_of(container.*list);
  for (const auto& container : pod.spec->init_containers) {
    const Quantity own = cpu_of(container.*list);
    if (container.restart_always) {
      running += own;
      sidecars += own;
      starting = std::max(starting, sidecars);
    } else {
      starting = std::max(starting, sidecars + own);
    }
  }
  return std::max(running, starting);
}

}  // namespace

int cpu_count(const api::Pod& pod) {
  Quantity total = at_once(pod, &api::Container::requests);
  if (pod.spec->pod_requests && pod.spec->pod_requests->contains("cpu"))
    total = cpu_of(*pod.spec->pod_requests);
  // No machine has more CPUs than a CpuSet holds.
  return static_cast<int>(std::clamp<std::int64_t>(total.value(), 1, CpuSet::max_id + 1));
}

Quantity cpu_limit(const api::Pod& pod) {
  if (pod.spec->pod_limits && pod.spec->pod_limits->contains("cpu")) return cpu_of(*pod.spec->pod_limits);
  return at_once(pod, &api::Container::limits);
}

}  // namespace actimanager::allocator

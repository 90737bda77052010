#include <algorithm>

#include <actimanager/scheduler/node_info.hpp>

namespace actimanager::scheduler {

void NodeInfo::add(const PodPointer& pod, const PodLoad& load) {
  requested.add(load.requests);
  non_zero_milli_cpu += load.non_zero_milli_cpu;
  non_zero_memory += load.non_zero_memory;
  used_ports.insert(used_ports.end(), load.ports.begin(), load.ports.end());
  pods.push_back(pod);
}

void NodeInfo::remove(const PodPointer& pod, const PodLoad& load) {
  requested.subtract(load.requests);
  non_zero_milli_cpu -= load.non_zero_milli_cpu;
  non_zero_memory -= load.non_zero_memory;
  for (const auto& port : load.ports) {
    const auto it = std::ranges::find(used_ports, port);
    if (it != used_ports.end()) used_ports.erase(it);
  }
  std::erase(pods, pod);
}

void NodeInfo::count(const PodKindPointer& kind, int change) {
  auto it = std::ranges::find(kinds, kind, &KindCount::kind);
  if (it == kinds.end()) it = kinds.insert(it, {kind, kind->id, 0});
  it->count += change;
  if (it->count == 0) kinds.erase(it);
}

int NodeInfo::min_pool(std::int64_t more_milli_cpu) const {
  const auto milli = std::clamp<std::int64_t>(pool_milli_cpu + more_milli_cpu, 1, 1000LL * CpuSet::max_id);
  return static_cast<int>((milli + 999) / 1000);
}

}  // namespace actimanager::scheduler

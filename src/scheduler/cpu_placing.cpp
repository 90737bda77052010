#include "cpu_placing.hpp"

namespace actimanager::scheduler {
namespace {

bool is_kept_from(const api::Pod& pod, const NominatedPod& nominated) {
  return nominated.placement && nominated.pod->priority >= pod.priority &&
         nominated.pod->meta.uid != pod.meta.uid;
}

}  // namespace

std::optional<allocator::Placement> place_cpus(const CpuWish& wish, const api::Pod& pod,
                                               const NodeInfo& node) {
  std::optional<NodeInfo> beside;
  for (const auto& nominated : node.nominated) {
    if (!is_kept_from(pod, nominated)) continue;
    if (!beside) beside = node;
    beside->cpus.add({nominated.placement->cpus, nominated.placement->level});
  }
  if (beside) {
    if (auto placement = allocator::place(beside->cpus, wish.request(*beside))) return placement;
  }
  return allocator::place(node.cpus, wish.request(node));
}

}  // namespace actimanager::scheduler

#include "cpu_placing.hpp"

#include <actimanager/scheduler/kept_cpus.hpp>

namespace actimanager::scheduler {

std::optional<allocator::Placement> place_cpus(const CpuWish& wish, const api::Pod& pod,
                                               const NodeInfo& node) {
  if (!node.nominated.empty()) {
    auto beside = node;
    if (count_kept_cpus(beside, pod)) {
      if (auto placement = allocator::place(beside.cpus, wish.request(beside))) return placement;
    }
  }
  return allocator::place(node.cpus, wish.request(node));
}

}  // namespace actimanager::scheduler

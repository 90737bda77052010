// CPUs for a Pod on a node where other Pods are on their way to.
#pragma once

#include <optional>

#include <actimanager/scheduler/framework.hpp>

namespace actimanager::scheduler {

// Beside the CPUs that are kept for Pods nominated for the node, of those that are not less important than
// this one; where there are no others, among them. nullopt: the node has none.
std::optional<allocator::Placement> place_cpus(const CpuWish& wish, const api::Pod& pod,
                                               const NodeInfo& node);

}  // namespace actimanager::scheduler

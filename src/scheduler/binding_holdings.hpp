// What a PodCPUBinding keeps others off, as the object says it.
#pragma once

#include <vector>

#include <actimanager/allocator/occupancy.hpp>
#include <actimanager/api/pod_cpu_binding.hpp>

namespace actimanager::scheduler {

// What it asks for, unless that was refused, and what it was granted and has not given up.
std::vector<allocator::Holding> holdings_of(const api::PodCPUBinding& binding);

}  // namespace actimanager::scheduler

// What a PodCPUBinding keeps others off, where, and for which Pod, as the object says it.
#pragma once

#include <string>
#include <vector>

#include <actimanager/allocator/occupancy.hpp>
#include <actimanager/api/pod_cpu_binding.hpp>

namespace actimanager::scheduler {

// What it asks for, and what it was granted and has not given up, which differ while an edit has not been
// judged or was refused.
std::vector<allocator::Holding> holdings_of(const api::PodCPUBinding& binding);

// The UID of the Pod it belongs to; "": it does not say so.
std::string owner_of(const api::PodCPUBinding& binding);

// Its node by label, else by status; "": neither says.
std::string named_node_of(const api::PodCPUBinding& binding);

}  // namespace actimanager::scheduler

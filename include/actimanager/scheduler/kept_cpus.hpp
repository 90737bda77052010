// CPUs that are kept on a node for nominated Pods, for whom others are leaving it: taken, for all who are not
// more important.
#pragma once

#include <actimanager/api/pod.hpp>
#include <actimanager/scheduler/node_info.hpp>

namespace actimanager::scheduler {

// Counts them as held on the node, from the Pod's point of view. Whether there are any.
bool count_kept_cpus(NodeInfo& node, const api::Pod& pod);

}  // namespace actimanager::scheduler

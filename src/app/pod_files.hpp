// Pods in files as people write them, before any API server has seen them.
#pragma once

#include <string>
#include <vector>

#include <actimanager/scheduler/node_info.hpp>

#include "cluster_dump.hpp"

namespace actimanager::app {

// The Pods of the files, each with a key and a UID of its own and with what an API server of that cluster
// would have filled in. One that has only a generateName is given a number behind it; one without a UID has
// that of the cluster's Pod of its name, or else its own namespace/name as one. Errors: as of
// read_objects(), invalid_argument, naming the file, and the Pod and field: no Pod in it, one that cannot be
// understood, two that are the same.
Result<std::vector<scheduler::PodPointer>> read_pods(const std::vector<std::string>& paths,
                                                     const ClusterDump& cluster);

}  // namespace actimanager::app

// The cluster of a command that changes nothing: as files, or as the API server has it now.
#pragma once

#include "cluster_dump.hpp"
#include "options.hpp"

namespace actimanager::app {

// Errors: those of ClusterDump and of the kubeconfig, and what the API server said to a list; a kind it does
// not know is empty.
Result<ClusterDump> read_cluster(const ClusterSource& source);

}  // namespace actimanager::app

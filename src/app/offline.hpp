// What the commands that need no cluster share: the profiles they decide by.
#pragma once

#include <string>

#include <actimanager/scheduler/config.hpp>

namespace actimanager::app {

// The profiles of a KubeSchedulerConfiguration file (path "": the built-in one), and default-scheduler with
// kube-scheduler's defaults where the file has none of that name. `policy`, where not empty, is
// WorkloadAware's in every profile. Errors: not_found, invalid_argument, naming the path in the document.
Result<scheduler::Config> offline_config(const std::string& path, const std::string& policy = "");

}  // namespace actimanager::app

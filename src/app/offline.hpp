// What the commands that need no cluster share: the profiles they decide by.
#pragma once

#include <string>

#include <actimanager/scheduler/config.hpp>

namespace actimanager::app {

// The profiles of a KubeSchedulerConfiguration file (path "": the built-in one), and default-scheduler with
// kube-scheduler's defaults where the file has none of that name. `policy`, where not empty, is
// WorkloadAware's in every profile. Errors: the file system's, invalid_argument, naming the path in the
// document.
Result<scheduler::Config> offline_config(const std::string& path, const std::string& policy = "");

// The name of the profile the Pod is to be decided by: `wanted`, or where that is empty its schedulerName.
// Errors: invalid_argument, where there is no such profile.
Result<std::string> profile_for(const scheduler::Config& config, const api::Pod& pod,
                                const std::string& wanted);

}  // namespace actimanager::app

// Which cluster to talk to, and as whom. Errors name where the file's name is from: --kubeconfig,
// $KUBECONFIG.
#pragma once

#include <string>

#include <actimanager/kube/config.hpp>

namespace actimanager::app {

// For a replica: the file given as --kubeconfig ("": none) or named by $KUBECONFIG, else the Pod's own
// credentials.
Result<kube::ClusterConfig> own_cluster(const std::string& path);

// For a user: the same, but ~/.kube/config, where there is one, before a Pod's credentials.
Result<kube::ClusterConfig> users_cluster(const std::string& path);

}  // namespace actimanager::app

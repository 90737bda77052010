// Which cluster to talk to, and as whom.
#pragma once

#include <string>

#include <actimanager/kube/config.hpp>

namespace actimanager::app {

// Of the file given as --kubeconfig, which every error names.
Result<kube::ClusterConfig> read_kubeconfig(const std::string& path);

// The same where it is given, else what kubectl would take: the first file of $KUBECONFIG, ~/.kube/config,
// and where there is none of these a Pod's own credentials.
Result<kube::ClusterConfig> find_kubeconfig(const std::string& path);

}  // namespace actimanager::app

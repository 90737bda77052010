// How to reach an API server and who we are there: from a kubeconfig file, or from what Kubernetes gives
// every Pod.
//
// Of a kubeconfig: clusters (server, certificate-authority[-data], tls-server-name,
// insecure-skip-tls-verify), users (client-certificate[-data], client-key[-data], token, tokenFile), contexts
// and current-context. Users that need a plugin or a password (exec, auth-provider, username) are refused by
// name.
#pragma once

#include <string>
#include <string_view>

#include <actimanager/core/error.hpp>
#include <actimanager/net/client.hpp>
#include <actimanager/net/http.hpp>

namespace actimanager::kube {

struct ClusterConfig {
  net::Url server;
  net::TlsOptions tls;
  std::string token;       // bearer token; never logged
  std::string token_file;  // read again every minute; wins over `token`
  std::string namespace_;  // of the context, or the Pod's own; "": none given
};

// Errors: as of read_file(), invalid_argument, naming the file and the field.
Result<ClusterConfig> load_kubeconfig(const std::string& path);
// The same from text; relative paths in it are taken from `directory`.
Result<ClusterConfig> parse_kubeconfig(std::string_view text, const std::string& directory);

// From KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT and the mounted ServiceAccount. Errors: not_found
// where this is no Pod, as of read_file(), naming what is missing.
Result<ClusterConfig> in_cluster_config(
    const std::string& service_account = "/var/run/secrets/kubernetes.io/serviceaccount");

}  // namespace actimanager::kube

#include "kubeconfig.hpp"

#include <cstdlib>
#include <filesystem>

namespace actimanager::app {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

}  // namespace

Result<kube::ClusterConfig> read_kubeconfig(const std::string& path) {
  auto config = kube::load_kubeconfig(path);
  if (!config) return fail(std::move(config.error()).wrap("--kubeconfig"));
  return config;
}

Result<kube::ClusterConfig> find_kubeconfig(const std::string& path) {
  if (!path.empty()) return read_kubeconfig(path);
  if (auto listed = variable("KUBECONFIG"); !listed.empty()) {
    auto config = kube::load_kubeconfig(listed.substr(0, listed.find(':')));
    if (!config) return fail(std::move(config.error()).wrap("$KUBECONFIG"));
    return config;
  }
  const auto home = variable("HOME");
  if (const auto usual = home + "/.kube/config"; !home.empty() && std::filesystem::exists(usual))
    return kube::load_kubeconfig(usual);
  return kube::in_cluster_config();
}

}  // namespace actimanager::app

#include "kubeconfig.hpp"

#include <cstdlib>
#include <filesystem>
#include <optional>

#include <fmt/format.h>

namespace actimanager::app {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

// nullopt: none is named.
std::optional<Result<kube::ClusterConfig>> named_kubeconfig(const std::string& path) {
  const auto load = [](const std::string& file, const char* named_by) -> Result<kube::ClusterConfig> {
    auto config = kube::load_kubeconfig(file);
    if (!config) return fail(std::move(config.error()).wrap(named_by));
    return config;
  };
  if (!path.empty()) return load(path, "--kubeconfig");
  const auto listed = variable("KUBECONFIG");
  if (listed.empty()) return std::nullopt;
  if (listed.contains(':')) {
    return fail(Errc::invalid_argument,
                fmt::format("$KUBECONFIG: \"{}\" is a list, which is not merged; --kubeconfig names one file",
                            listed));
  }
  return load(listed, "$KUBECONFIG");
}

}  // namespace

Result<kube::ClusterConfig> own_cluster(const std::string& path) {
  auto named = named_kubeconfig(path);
  return named ? std::move(*named) : kube::in_cluster_config();
}

Result<kube::ClusterConfig> users_cluster(const std::string& path) {
  if (auto named = named_kubeconfig(path)) return std::move(*named);
  const auto home = variable("HOME");
  if (const auto usual = home + "/.kube/config"; !home.empty() && std::filesystem::exists(usual))
    return kube::load_kubeconfig(usual);
  return kube::in_cluster_config();
}

}  // namespace actimanager::app

#include "offline.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include <nlohmann/json.hpp>

#include <actimanager/api/yaml.hpp>

namespace actimanager::app {
namespace {

using nlohmann::json;

constexpr auto* upstream = "default-scheduler";

json built_in() {
  return {{"apiVersion", "kubescheduler.config.k8s.io/v1"},
          {"kind", "KubeSchedulerConfiguration"},
          {"profiles",
           {{{"schedulerName", "maestro"},
             {"plugins",
              {{"multiPoint", {{"enabled", {{{"name", "WorkloadAware"}}, {{"name", "PodIsolation"}}}}}}}}}}}};
}

Result<json> read_document(const std::string& path) {
  if (path.empty()) return built_in();
  std::ifstream file(path);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file) return fail(Errc::not_found, "cannot be read");
  return api::yaml_to_json(text);
}

// Precondition: the document is a valid configuration.
void set_policy(json& document, const std::string& policy) {
  for (auto& profile : document["profiles"]) {
    auto& configs = profile["pluginConfig"];
    auto it = std::ranges::find_if(configs, [](const json& item) { return item["name"] == "WorkloadAware"; });
    if (it == configs.end()) {
      configs.push_back({{"name", "WorkloadAware"}});
      it = std::prev(configs.end());
    }
    (*it)["args"]["policy"] = policy;
  }
}

}  // namespace

Result<scheduler::Config> offline_config(const std::string& path, const std::string& policy) {
  const auto where = path.empty() ? std::string("the built-in configuration") : "--config: " + path;
  auto document = read_document(path);
  if (!document) return fail(std::move(document.error()).wrap(where));
  auto config = scheduler::parse_config(*document);
  if (!config) return fail(std::move(config.error()).wrap(where));
  if (!policy.empty()) set_policy(*document, policy);
  if (config->profile(upstream) == nullptr) (*document)["profiles"].push_back({{"schedulerName", upstream}});
  config = scheduler::parse_config(*document);
  if (!config) return fail(std::move(config.error()).wrap(where));
  return config;
}

}  // namespace actimanager::app

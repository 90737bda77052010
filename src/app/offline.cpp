#include "offline.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <actimanager/api/yaml.hpp>
#include <actimanager/kube/read_file.hpp>

namespace actimanager::app {
namespace {

using nlohmann::json;

constexpr auto* upstream = "default-scheduler";

Result<json> read_document(const std::string& path) {
  if (path.empty()) return scheduler::default_document();
  const auto text = kube::read_file(path);
  if (!text) return fail(text.error().wrap("--config"));
  auto document = api::yaml_to_json(*text);
  if (!document) return fail(std::move(document.error()).wrap("--config: " + path));
  return document;
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
  auto document = read_document(path);
  if (!document) return fail(std::move(document.error()));
  const auto where = path.empty() ? std::string("the built-in configuration") : "--config: " + path;
  auto config = scheduler::parse_config(*document);
  if (!config) return fail(std::move(config.error()).wrap(where));
  if (!policy.empty()) set_policy(*document, policy);
  if (config->profile(upstream) == nullptr) (*document)["profiles"].push_back({{"schedulerName", upstream}});
  config = scheduler::parse_config(*document);
  if (!config) return fail(std::move(config.error()).wrap(where));
  return config;
}

Result<std::string> profile_for(const scheduler::Config& config, const api::Pod& pod,
                                const std::string& wanted) {
  const auto& name = wanted.empty() ? pod.spec->scheduler_name : wanted;
  if (config.profile(name) != nullptr) return name;
  return fail(Errc::invalid_argument,
              fmt::format("pod {}: there is no profile \"{}\"; --profile names one", pod.meta.key(), name));
}

}  // namespace actimanager::app

#include <algorithm>
#include <array>
#include <cassert>
#include <set>

#include <fmt/format.h>

#include <actimanager/api/yaml.hpp>
#include <actimanager/scheduler/config.hpp>

#include "plugins/helpers.hpp"
#include "plugins/plugins.hpp"
#include "profile.hpp"

namespace actimanager::scheduler {
namespace {

using api::JsonCursor;

constexpr std::array versions = {"kubescheduler.config.k8s.io/v1", "kubescheduler.config.k8s.io/v1beta3",
                                 "kubescheduler.config.k8s.io/v1beta2"};

void check_header(JsonCursor root) {
  only_fields(root, {"apiVersion", "kind", "metadata", "parallelism", "leaderElection", "clientConnection",
                     "enableProfiling", "enableContentionProfiling", "percentageOfNodesToScore",
                     "podInitialBackoffSeconds", "podMaxBackoffSeconds", "profiles", "extenders",
                     "delayCacheUntilActive", "healthzBindAddress", "metricsBindAddress"});
  const auto version = root["apiVersion"].string();
  if (std::ranges::find(versions, version) == versions.end()) {
    root.fail(fmt::format("apiVersion \"{}\" is not kubescheduler.config.k8s.io/v1", version));
  }
  if (const auto kind = root["kind"].string(); kind != "KubeSchedulerConfiguration") {
    root.fail(fmt::format("kind \"{}\" is not KubeSchedulerConfiguration", kind));
  }
  // Of kube-scheduler's process: read so that what is no configuration at all is noticed.
  only_fields(root["leaderElection"], {"leaderElect", "leaseDuration", "renewDeadline", "retryPeriod",
                                       "resourceLock", "resourceName", "resourceNamespace"});
  only_fields(root["clientConnection"], {"kubeconfig", "acceptContentTypes", "contentType", "qps", "burst"});
  root["parallelism"].integer_between(1, 1 << 30, 16);
  root["percentageOfNodesToScore"].integer_between(0, 100, 0);
  root["enableProfiling"].boolean();
  root["enableContentionProfiling"].boolean();
  root["delayCacheUntilActive"].boolean();
  root["extenders"].each([](JsonCursor extender) { extender.fail("extenders are not supported"); });
}

QueueOptions read_queue(JsonCursor root) {
  QueueOptions queue;
  constexpr std::int64_t longest = 1'000'000;
  queue.initial_backoff =
      std::chrono::seconds(root["podInitialBackoffSeconds"].integer_between(1, longest, 1));
  queue.max_backoff = std::chrono::seconds(root["podMaxBackoffSeconds"].integer_between(1, longest, 10));
  if (queue.max_backoff < queue.initial_backoff) {
    root.fail("podMaxBackoffSeconds must be at least podInitialBackoffSeconds");
    queue.max_backoff = queue.initial_backoff;
  }
  return queue;
}

}  // namespace

const Profile* Config::profile(std::string_view scheduler_name) const {
  const auto it = std::ranges::find(profiles, scheduler_name, &Profile::name);
  return it == profiles.end() ? nullptr : &*it;
}

Result<Config> parse_config(const nlohmann::json& json) {
  const api::JsonDocument document(json);
  api::JsonReader reader(document.root());
  const auto root = reader.root();
  if (!root) return fail(Errc::invalid_argument, "the document is empty");
  check_header(root);
  Config config;
  config.queue = read_queue(root);
  const auto profiles = root["profiles"];
  std::size_t count = 0;
  profiles.each([&](JsonCursor) { ++count; });
  std::set<std::string> names;
  profiles.each([&](JsonCursor item) {
    only_fields(item, {"schedulerName", "percentageOfNodesToScore", "plugins", "pluginConfig"});
    item["percentageOfNodesToScore"].integer_between(0, 100, 0);
    auto name = item["schedulerName"].string(count == 1 ? "default-scheduler" : "");
    if (name.empty()) item.fail("schedulerName is required");
    if (!names.insert(name).second) item["schedulerName"].fail(fmt::format("\"{}\" is there twice", name));
    if (reader.error()) return;
    config.profiles.push_back(read_profile(item, std::move(name)));
  });
  if (reader.error()) return fail(*reader.error());
  if (config.profiles.empty()) return fail(Errc::invalid_argument, "profiles: needs at least one");
  return config;
}

Result<Config> parse_config_text(std::string_view text) {
  const auto json = api::yaml_to_json(text);
  if (!json) return fail(json.error());
  return parse_config(*json);
}

nlohmann::json default_document() {
  return {{"apiVersion", versions[0]},
          {"kind", "KubeSchedulerConfiguration"},
          {"profiles",
           {{{"schedulerName", "maestro"},
             {"plugins",
              {{"multiPoint", {{"enabled", {{{"name", "WorkloadAware"}}, {{"name", "PodIsolation"}}}}}}}}}}}};
}

Config default_config() {
  return value_or_throw(parse_config(default_document()));
}

}  // namespace actimanager::scheduler

// The scheduler's configuration: a KubeSchedulerConfiguration document (kubescheduler.config.k8s.io/v1;
// v1beta2 and v1beta3 are read alike) turned into profiles whose plugins are known and whose arguments are
// right.
//
// Fields that configure kube-scheduler's process rather than its decisions (leaderElection, clientConnection,
// parallelism, percentageOfNodesToScore, profiling) are checked for their type and otherwise ignored: all
// nodes are always scored. `extenders` are refused.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <actimanager/core/error.hpp>
#include <actimanager/scheduler/framework.hpp>
#include <actimanager/scheduler/queue.hpp>

namespace actimanager::scheduler {

struct Profile {
  struct Scorer {
    const Plugin* plugin = nullptr;
    std::int64_t weight = 1;
  };
  std::string name;                              // schedulerName
  std::vector<std::unique_ptr<Plugin>> plugins;  // owns them
  std::vector<const Plugin*> pre_enqueue, pre_filter, filter, post_filter, pre_score, reserve;
  std::vector<Scorer> score;

  const Plugin* plugin(std::string_view plugin_name) const;
};

struct Config {
  QueueOptions queue;
  std::vector<Profile> profiles;  // at least one, names differ

  const Profile* profile(std::string_view scheduler_name) const;
};

// Errors: invalid_argument, naming the path in the document and what is wrong there:
// "profiles[0].pluginConfig[1].args.policy: "Fast" is not one of MaximumUtilization, Balanced".
Result<Config> parse_config(const nlohmann::json& document);
// The same for YAML (or JSON) text. Syntax errors name line and column.
Result<Config> parse_config_text(std::string_view text);
// One profile, "maestro": upstream's defaults with WorkloadAware and PodIsolation.
nlohmann::json default_document();
Config default_config();

}  // namespace actimanager::scheduler

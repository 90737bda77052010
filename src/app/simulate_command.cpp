#include "simulate_command.hpp"

#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <actimanager/api/json_text.hpp>

#include "cluster_dump.hpp"
#include "live_cluster.hpp"
#include "offline.hpp"
#include "pod_files.hpp"
#include "simulation_report.hpp"

namespace actimanager::app {
namespace {

using scheduler::PodPointer;

// Those that the cluster has already are taken out of it.
Result<std::vector<PodPointer>> pods_to_place(const SimulateOptions& options, const scheduler::Config& config,
                                              ClusterDump& dump) {
  const auto read = read_pods(options.pods, dump);
  if (!read) return fail(Error(read.error()).wrap("--pods"));
  std::vector<PodPointer> pods;
  for (const auto& pod : *read) {
    auto profile = profile_for(config, *pod, options.profile);
    if (!profile) return fail(std::move(profile.error()));
    dump.take_out(*pod);
    auto chosen = *pod;
    chosen.spec->scheduler_name = std::move(*profile);
    // Whatever node the file names: it is to be found here.
    chosen.node_name.clear();
    pods.push_back(std::make_shared<const api::Pod>(std::move(chosen)));
  }
  return pods;
}

Result<PolicyRun> simulate(const SimulateOptions& options, const std::string& policy) {
  auto config = offline_config(options.config, policy);
  if (!config) return fail(std::move(config.error()));
  auto dump = read_cluster(options.cluster);
  if (!dump) return fail(std::move(dump.error()));
  const auto pods = pods_to_place(options, *config, *dump);
  if (!pods) return fail(pods.error());
  scheduler::Scheduler scheduler(std::move(*config));
  dump->nominate(scheduler);
  const auto bound_by_hand = [&](const api::Pod& pod) { return dump->bound_by_hand(pod); };
  return PolicyRun{policy, scheduler::simulate(scheduler, dump->cache(), *pods, bound_by_hand)};
}

}  // namespace

int simulate_command(const SimulateOptions& options, std::ostream& out, std::ostream& err, bool colour) {
  std::vector<PolicyRun> runs;
  const auto policies = options.policies.empty() ? std::vector<std::string>{""} : options.policies;
  for (const auto& policy : policies) {
    auto run = simulate(options, policy);
    if (!run) {
      err << fmt::format("actimanager: {}\n", run.error().message());
      return 1;
    }
    runs.push_back(std::move(*run));
  }
  if (options.output == "json") {
    out << api::json_text(simulation_json(runs), 2) << "\n";
  } else {
    out << (options.output == "map" ? simulation_map(runs, colour) : simulation_table(runs));
  }
  out.flush();
  if (out) return 0;
  err << "actimanager: cannot write the simulation\n";
  return 1;
}

}  // namespace actimanager::app

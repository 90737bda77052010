#include "explain_command.hpp"

#include <filesystem>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <actimanager/api/json_text.hpp>

#include "cluster_dump.hpp"
#include "explain_table.hpp"
#include "live_cluster.hpp"
#include "offline.hpp"
#include "pod_files.hpp"

namespace actimanager::app {
namespace {

using scheduler::PodPointer;

Result<std::vector<PodPointer>> chosen_pods(const ExplainOptions& options, const ClusterDump& dump) {
  std::vector<PodPointer> pods;
  for (const auto& wanted : options.pods) {
    if (std::filesystem::exists(wanted)) {
      auto read = read_pods({wanted}, dump);
      if (!read) return fail(std::move(read.error()).wrap("--pod"));
      pods.insert(pods.end(), read->begin(), read->end());
    } else if (auto pod = dump.pod(wanted.contains('/') ? wanted : "default/" + wanted)) {
      pods.push_back(std::move(pod));
    } else {
      return fail(Errc::invalid_argument,
                  fmt::format("--pod {}: neither a file nor a Pod (namespace/name) of the cluster", wanted));
    }
  }
  return pods;
}

// As if it were still to be placed, if the cluster has it on a node. Another one's spec.nodeName is what
// NodeName asks about.
scheduler::Explanation explain_as_new(const scheduler::Scheduler& scheduler,
                                      const scheduler::Profile& profile, const api::Pod& pod,
                                      ClusterDump& dump, scheduler::Snapshot& snapshot) {
  const auto taken = dump.take_out(pod);
  dump.cache().update(snapshot);
  auto fresh = pod;
  if (taken.pod && !taken.pod->node_name.empty()) fresh.node_name.clear();
  auto explanation = scheduler::explain(profile, fresh, snapshot);
  if (!explanation.winner.empty()) {
    if (auto by_hand = dump.bound_by_hand(pod)) explanation.placement = std::move(by_hand);
  }
  dump.put_back(taken);
  if (taken.pod && !taken.pod->nominated_node_name.empty()) dump.nominate(scheduler);
  return explanation;
}

Result<void> run(const ExplainOptions& options, std::ostream& out) {
  auto config = offline_config(options.config);
  if (!config) return fail(std::move(config.error()));
  auto dump = read_cluster(options.cluster);
  if (!dump) return fail(std::move(dump.error()));
  const auto pods = chosen_pods(options, *dump);
  if (!pods) return fail(pods.error());

  const scheduler::Scheduler scheduler(std::move(*config));
  dump->nominate(scheduler);
  scheduler::Snapshot snapshot;
  for (const auto& pod : *pods) {
    const auto profile = profile_for(scheduler.config(), *pod, options.profile);
    if (!profile) return fail(profile.error());
    const auto explanation =
        explain_as_new(scheduler, *scheduler.config().profile(*profile), *pod, *dump, snapshot);
    if (options.output == "json") {
      out << api::json_text(encode(explanation)) << "\n";
    } else {
      out << explain_table(explanation, *profile);
    }
  }
  return {};
}

}  // namespace

int explain_command(const ExplainOptions& options, std::ostream& out, std::ostream& err) {
  if (auto done = run(options, out); !done) {
    err << fmt::format("actimanager: {}\n", done.error().message());
    return 1;
  }
  out.flush();
  if (out) return 0;
  err << "actimanager: cannot write the explanation\n";
  return 1;
}

}  // namespace actimanager::app

#include "simulation_report.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <actimanager/allocator/exclusiveness.hpp>
#include <actimanager/topology/drawing.hpp>

#include "table.hpp"

namespace actimanager::app {
namespace {

using nlohmann::json;
using scheduler::Simulation;
using scheduler::Usage;

std::string heading(const PolicyRun& run) {
  return run.policy.empty() ? "as configured" : run.policy;
}

// At the end.
bool is_there(const Simulation::Placed& placed) {
  return placed.decision.placed() && placed.left_for.empty();
}

std::string place_of(const Simulation::Placed& placed) {
  const auto& decision = placed.decision;
  if (!is_there(placed)) return "-";
  if (!decision.placement) return decision.node + " (shared pool)";
  return fmt::format("{} {} ({})", decision.node, decision.placement->cpus.to_string(),
                     api::to_string(decision.placement->level));
}

std::string percent(double part) {
  return fmt::format("{:.1f}%", 100 * part);
}

std::vector<std::string> usage_row(std::string name, const Usage& usage) {
  return {std::move(name),
          std::to_string(usage.cpus),
          percent(usage.utilisation()),
          std::to_string(usage.free),
          percent(usage.fragmentation()),
          fmt::format("{}/{}", usage.idle_cores, usage.cores),
          fmt::format("{}/{}", usage.idle_sockets, usage.sockets)};
}

std::vector<std::string> keys(const std::vector<scheduler::PodPointer>& pods) {
  std::vector<std::string> keys;
  for (const auto& pod : pods) keys.push_back(pod->meta.key());
  return keys;
}

std::string why_not(const PolicyRun& run) {
  std::string out;
  for (const auto& placed : run.simulation.pods) {
    if (is_there(placed)) continue;
    out += fmt::format("  {}: {}\n", placed.pod->meta.key(),
                       placed.left_for.empty() ? placed.decision.message : "evicted for " + placed.left_for);
  }
  return out.empty() ? out : fmt::format("\nNot placed ({}):\n{}", heading(run), out);
}

std::string who_left(const PolicyRun& run) {
  std::string out;
  for (const auto& placed : run.simulation.pods) {
    if (!placed.evicted.empty())
      out += fmt::format("  {} for {}\n", fmt::join(keys(placed.evicted), ", "), placed.pod->meta.key());
  }
  return out.empty() ? out : fmt::format("\nEvicted ({}):\n{}", heading(run), out);
}

json encode(const Usage& usage) {
  return {{"cpus", usage.cpus},
          {"exclusive", usage.exclusive},
          {"free", usage.free},
          {"cores", usage.cores},
          {"idleCores", usage.idle_cores},
          {"sockets", usage.sockets},
          {"idleSockets", usage.idle_sockets},
          {"utilisation", usage.utilisation()},
          {"fragmentation", usage.fragmentation()}};
}

json encode(const Simulation::Placed& placed) {
  const auto& decision = placed.decision;
  json object = {{"pod", placed.pod->meta.key()},
                 {"node", nullptr},
                 {"cpus", nullptr},
                 {"exclusivenessLevel", nullptr},
                 {"message", decision.message},
                 {"evicted", keys(placed.evicted)},
                 {"evictedFor", nullptr}};
  if (decision.placed()) object["node"] = decision.node;
  if (decision.placement) {
    object["cpus"] = decision.placement->cpus.to_string();
    object["exclusivenessLevel"] = api::to_string(decision.placement->level);
  }
  if (!placed.left_for.empty()) object["evictedFor"] = placed.left_for;
  return object;
}

std::string map_of(const Simulation& simulation, const scheduler::NodeInfo& node, bool colour) {
  topology::DrawOptions options{.title = node.name(), .colour = colour, .show_owners = true};
  options.reserved = node.cpus.reserved();
  CpuSet known;
  for (const auto& placed : simulation.pods) {
    const auto& decision = placed.decision;
    if (!is_there(placed) || decision.node != node.name() || !decision.placement) continue;
    const auto& [cpus, level] = *decision.placement;
    options.owners.push_back({placed.pod->meta.key(), cpus});
    known |= cpus;
    if (auto beside = allocator::exclusive_cpus(node.cpus.topology(), cpus, level) - cpus; !beside.empty()) {
      known |= beside;
      options.owners.push_back({placed.pod->meta.key() + ", kept idle", std::move(beside)});
    }
  }
  if (auto others = (node.cpus.exclusive() | node.cpus.shared()) - known; !others.empty()) {
    options.owners.push_back({"held before", std::move(others)});
  }
  return topology::draw(node.cpus.topology(), options);
}

}  // namespace

std::string simulation_table(const std::vector<PolicyRun>& runs) {
  std::vector<std::vector<std::string>> rows{{"POD"}};
  for (const auto& run : runs) rows[0].push_back(heading(run));
  for (std::size_t i = 0; i < runs.front().simulation.pods.size(); ++i) {
    rows.push_back({runs.front().simulation.pods[i].pod->meta.key()});
    for (const auto& run : runs) rows.back().push_back(place_of(run.simulation.pods[i]));
  }
  std::string out = table(rows);
  for (const auto& run : runs) out += who_left(run) + why_not(run);

  rows = {{"", "CPUS", "UTILISATION", "FREE", "FRAGMENTED", "IDLE CORES", "IDLE SOCKETS"},
          usage_row("before", runs.front().simulation.before)};
  for (const auto& run : runs) rows.push_back(usage_row("after, " + heading(run), run.simulation.after));
  return out + "\n" + table(rows);
}

std::string simulation_map(const std::vector<PolicyRun>& runs, bool colour) {
  std::string out;
  for (const auto& run : runs) {
    if (runs.size() > 1) out += fmt::format("== {}\n", heading(run));
    std::vector<const scheduler::NodeInfo*> nodes;
    for (const auto& info : run.simulation.snapshot.slots()) {
      if (info != nullptr && info->cpus.has_topology()) nodes.push_back(info.get());
    }
    std::ranges::sort(nodes, {}, [](const auto* node) { return node->name(); });
    for (const auto* node : nodes) out += map_of(run.simulation, *node, colour);
  }
  return out;
}

json simulation_json(const std::vector<PolicyRun>& runs) {
  json list = json::array();
  for (const auto& run : runs) {
    json pods = json::array();
    for (const auto& placed : run.simulation.pods) pods.push_back(encode(placed));
    list.push_back({{"policy", run.policy.empty() ? json(nullptr) : json(run.policy)},
                    {"pods", std::move(pods)},
                    {"before", encode(run.simulation.before)},
                    {"after", encode(run.simulation.after)}});
  }
  return {{"runs", std::move(list)}};
}

}  // namespace actimanager::app

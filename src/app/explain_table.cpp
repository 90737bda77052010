#include "explain_table.hpp"

#include <algorithm>
#include <map>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "table.hpp"

namespace actimanager::app {
namespace {

using scheduler::Explanation;
using Node = Explanation::Node;

// What a person can do about a plugin's refusal.
std::string_view remedy(std::string_view plugin, const std::vector<std::string>& reasons) {
  for (const auto& reason : reasons) {
    if (reason.contains("no CPU topology"))
      return "no agent has published the node's topology: install one there";
    if (reason.contains("for the shared pool"))
      return "move Pods out of the node's shared pool, or lower their requests";
  }
  static const std::map<std::string_view, std::string_view> remedies = {
      {"NodeUnschedulable", "uncordon the node"},
      {"NodeName", "the Pod asks for another node by name"},
      {"TaintToleration", "remove the taint, or tolerate it"},
      {"NodeAffinity", "label the node as the Pod asks, or ask for less"},
      {"NodePorts", "free the host port, or ask for another"},
      {"NodeResourcesFit", "free or add what is short, or request less"},
      {"PodTopologySpread", "even out the domains, or allow a larger maxSkew"},
      {"InterPodAffinity", "move the Pods the rules speak of, or relax the rules"},
      {"WorkloadAware", "free CPUs of the shape its class needs, or change the class"},
      {"PodIsolation", "free whole units of its level, or lower the level"},
  };
  const auto it = remedies.find(plugin);
  return it == remedies.end() ? std::string_view("-") : it->second;
}

// What can be done about a Pod that fits nowhere.
std::string ways_out(const scheduler::PostFilterResult& result) {
  std::vector<std::vector<std::string>> rows{
      {"", "NODE", "WOULD EVICT", "PROTECTED BY BUDGETS", "CPUS THEN"}};
  for (const auto& candidate : result.candidates) {
    std::vector<std::string> victims;
    for (const auto& victim : candidate.victims) victims.push_back(victim->meta.key());
    rows.push_back({candidate.node == result.nomination->node ? "*" : " ", candidate.node,
                    fmt::format("{}", fmt::join(victims, ", ")), std::to_string(candidate.violations),
                    candidate.placement ? candidate.placement->cpus.to_string() : "-"});
  }
  return table(rows);
}

std::string scores(std::vector<const Node*> nodes, const std::string& winner) {
  std::ranges::sort(nodes, [&](const Node* a, const Node* b) {
    if (a->total != b->total) return a->total > b->total;
    if ((a->name == winner) != (b->name == winner)) return a->name == winner;
    return a->name < b->name;
  });
  std::vector<std::vector<std::string>> rows{{"", "NODE", "TOTAL", "BEHIND"}};
  for (const auto& score : nodes.front()->scores) rows[0].push_back(score.plugin);
  for (const auto* node : nodes) {
    rows.push_back({node->name == winner ? "*" : " ", node->name, std::to_string(node->total),
                    std::to_string(nodes.front()->total - node->total)});
    for (const auto& score : node->scores) rows.back().push_back(std::to_string(score.weighted));
  }
  return table(rows);
}

std::string refusals(const std::vector<const Node*>& nodes) {
  std::vector<std::vector<std::string>> rows{{"NODE", "REFUSED BY", "WHY", "WHAT WOULD HELP"}};
  for (const auto* node : nodes) {
    bool said = false;
    for (const auto& verdict : node->filters) {
      if (verdict.code == scheduler::Code::success) continue;
      rows.push_back({said ? "" : node->name, verdict.plugin,
                      fmt::format("{}", fmt::join(verdict.reasons, "; ")),
                      std::string(remedy(verdict.plugin, verdict.reasons))});
      said = true;
    }
    if (!said) rows.push_back({node->name, "-", "not among the nodes a PreFilter left", "-"});
  }
  return table(rows);
}

}  // namespace

std::string explain_table(const Explanation& explanation, const std::string& profile) {
  std::string out = fmt::format("Pod {} (profile {}): ", explanation.pod, profile);
  if (explanation.winner.empty()) {
    out += fmt::format("nowhere\n  {}\n", explanation.message);
  } else if (explanation.placement) {
    out += fmt::format("node {}, CPUs {} (exclusiveness level {})\n", explanation.winner,
                       explanation.placement->cpus.to_string(), api::to_string(explanation.placement->level));
  } else {
    out += fmt::format("node {}, in the shared pool\n", explanation.winner);
  }
  std::vector<const Node*> feasible, refused;
  for (const auto& node : explanation.nodes) (node.feasible ? feasible : refused).push_back(&node);
  if (!feasible.empty()) out += "\n" + scores(std::move(feasible), explanation.winner);
  const bool asked = std::ranges::any_of(refused, [](const Node* node) { return !node->filters.empty(); });
  if (asked) out += "\n" + refusals(refused);
  const auto& post_filter = explanation.post_filter;
  if (post_filter && post_filter->nomination) out += "\n" + ways_out(*post_filter);
  return out + "\n";
}

}  // namespace actimanager::app

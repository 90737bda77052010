#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <actimanager/scheduler/explain.hpp>

#include "decide.hpp"
#include "evaluation.hpp"

namespace actimanager::scheduler {
namespace {

struct Preparation {
  CycleState state;
  std::set<const Plugin*> skipped;
  std::optional<std::set<std::string, std::less<>>> only;
  bool refused = false;
};

// All PreFilters, up to the first that refuses.
Preparation prepare(const Profile& profile, const api::Pod& pod, const Snapshot& snapshot, Explanation& out) {
  Preparation prepared;
  for (const auto* plugin : profile.pre_filter) {
    auto [status, names] = plugin->pre_filter(prepared.state, pod, snapshot);
    out.pre_filter.push_back({std::string(plugin->name()), status.code, status.reasons});
    if (status.code == Code::skip) {
      prepared.skipped.insert(plugin);
      continue;
    }
    if (!status.ok()) {
      prepared.refused = true;
      if (status.code != Code::unschedulable) break;
      continue;
    }
    if (!names) continue;
    if (prepared.only)
      std::erase_if(*names, [&](const auto& name) { return !prepared.only->contains(name); });
    prepared.only = std::move(*names);
  }
  return prepared;
}

void filter(const Filters& filters, const api::Pod& pod, const NodeInfo& info, const Preparation& prepared,
            Explanation::Node& node) {
  node.feasible = !prepared.only || prepared.only->contains(node.name);
  for (const auto* plugin : filters.plugins()) {
    auto status = filters.ask(*plugin, prepared.state, pod, info);
    node.feasible = node.feasible && status.ok();
    node.filters.push_back({std::string(plugin->name()), status.code, std::move(status.reasons)});
  }
}

// Whether a decision would have met an error there.
bool failed(const Explanation::Node& node) {
  const auto first =
      std::ranges::find_if(node.filters, [](const auto& verdict) { return verdict.code != Code::success; });
  return first != node.filters.end() && first->code == Code::error;
}

void score(const Profile& profile, const api::Pod& pod, const Snapshot& snapshot, Preparation& prepared,
           Explanation& out) {
  std::vector<Explanation::Node*> nodes;
  std::vector<std::size_t> slots;
  for (std::size_t slot = 0; slot < snapshot.slots().size(); ++slot) {
    if (snapshot.slots()[slot] == nullptr) continue;
    auto& node =
        *std::ranges::lower_bound(out.nodes, snapshot.slots()[slot]->name(), {}, &Explanation::Node::name);
    if (!node.feasible) continue;
    nodes.push_back(&node);
    slots.push_back(slot);
  }
  if (nodes.empty()) return;
  const NodeList feasible(snapshot, slots);

  prepared.skipped.clear();
  for (const auto* plugin : profile.pre_score) {
    const auto status = plugin->pre_score(prepared.state, pod, snapshot, feasible);
    if (status.code == Code::error) return;  // the decision's own message says so
    if (status.code == Code::skip) prepared.skipped.insert(plugin);
  }
  for (const auto& [plugin, weight] : profile.score) {
    if (prepared.skipped.contains(plugin)) continue;
    std::vector<std::int64_t> scores;
    for (std::size_t i = 0; i < feasible.size(); ++i) {
      scores.push_back(plugin->score(prepared.state, pod, feasible[i]));
    }
    const auto raw = scores;
    if (plugin->normalizes()) plugin->normalize(prepared.state, feasible, scores);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      nodes[i]->scores.push_back({std::string(plugin->name()), raw[i], scores[i], scores[i] * weight});
      nodes[i]->total += scores[i] * weight;
    }
  }
}

nlohmann::json encode(const Nomination& nomination) {
  auto victims = nlohmann::json::array();
  for (const auto& victim : nomination.victims) victims.push_back(victim->meta.key());
  nlohmann::json json = {{"node", nomination.node},
                         {"victims", victims},
                         {"pdbViolations", nomination.violations},
                         {"cpus", nullptr}};
  if (nomination.placement) json["cpus"] = nomination.placement->cpus.to_string();
  return json;
}

nlohmann::json encode(const PostFilterResult& result) {
  auto candidates = nlohmann::json::array();
  for (const auto& candidate : result.candidates) candidates.push_back(encode(candidate));
  nlohmann::json json = {{"plugin", result.status.plugin},
                         {"verdict", to_string(result.status.code)},
                         {"reasons", result.status.reasons},
                         {"nominated", nullptr},
                         {"candidates", candidates}};
  if (result.nomination) json["nominated"] = encode(*result.nomination);
  return json;
}

nlohmann::json encode(const std::vector<Explanation::Verdict>& verdicts) {
  auto list = nlohmann::json::array();
  for (const auto& verdict : verdicts) {
    list.push_back(
        {{"plugin", verdict.plugin}, {"verdict", to_string(verdict.code)}, {"reasons", verdict.reasons}});
  }
  return list;
}

// Why the Pod does not even enter the queue; nullopt: it does.
std::optional<std::string> held_back(const Profile& profile, const api::Pod& pod) {
  for (const auto* plugin : profile.pre_enqueue) {
    if (auto status = plugin->pre_enqueue(pod); !status.ok())
      return status.reasons.empty() ? std::string(plugin->name()) : status.reasons.front();
  }
  return std::nullopt;
}

}  // namespace

Explanation explain(const Profile& profile, const api::Pod& pod, const Snapshot& snapshot) {
  Explanation out;
  out.pod = pod.meta.key();
  Preparation prepared = prepare(profile, pod, snapshot, out);
  const Filters filters(without(profile.pre_filter, prepared.skipped),
                        without(profile.filter, prepared.skipped));
  for (const auto& info : snapshot.slots()) {
    if (info == nullptr) continue;
    Explanation::Node node{.name = info->name()};
    if (!prepared.refused) filter(filters, pod, *info, prepared, node);
    out.nodes.push_back(std::move(node));
  }
  std::ranges::sort(out.nodes, {}, &Explanation::Node::name);
  if (std::ranges::none_of(out.nodes, failed)) score(profile, pod, snapshot, prepared, out);

  if (auto why = held_back(profile, pod)) {
    out.message = std::move(*why);
    return out;
  }
  const auto decision = decide(profile, pod, snapshot);
  out.winner = decision.node;
  out.placement = decision.placement;
  out.message = decision.message;
  out.post_filter = decision.post_filter;
  return out;
}

nlohmann::json encode(const Explanation& explanation) {
  auto nodes = nlohmann::json::array();
  for (const auto& node : explanation.nodes) {
    auto scores = nlohmann::json::array();
    for (const auto& score : node.scores) {
      scores.push_back({{"plugin", score.plugin},
                        {"raw", score.raw},
                        {"normalized", score.normalized},
                        {"weighted", score.weighted}});
    }
    nodes.push_back(
        {{"name", node.name}, {"filters", encode(node.filters)}, {"scores", scores}, {"total", node.total}});
  }
  nlohmann::json json = {{"pod", explanation.pod},
                         {"preFilter", encode(explanation.pre_filter)},
                         {"nodes", nodes},
                         {"postFilter", nullptr},
                         {"winner", nullptr},
                         {"cpus", nullptr},
                         {"exclusivenessLevel", nullptr},
                         {"message", explanation.message}};
  if (explanation.post_filter) json["postFilter"] = encode(*explanation.post_filter);
  if (!explanation.winner.empty()) json["winner"] = explanation.winner;
  if (explanation.placement) {
    json["cpus"] = explanation.placement->cpus.to_string();
    json["exclusivenessLevel"] = api::to_string(explanation.placement->level);
  }
  return json;
}

}  // namespace actimanager::scheduler

#include "evaluation.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tie_break.hpp"

namespace actimanager::scheduler {

std::size_t Evaluation::NumbersHash::operator()(const Numbers& numbers) const {
  std::uint64_t hash = numbers.size();
  for (const auto number : numbers) hash = tie_rank(hash, static_cast<std::uint64_t>(number));
  return hash;
}

Evaluation::Evaluation(const Profile& profile, const api::Pod& pod, const Snapshot& snapshot)
    : profile_(profile),
      nodes_generation_(snapshot.nodes_generation()),
      namespaces_generation_(snapshot.namespaces_generation()) {
  pre_filter(pod, snapshot);
  if (pre_filter_refusal_ || pre_filter_failure_) return;
  sort_plugins();
  choose_filters();
  const auto slots = snapshot.slots().size();
  seen_node_.assign(slots, 0);
  group_of_.assign(slots, no_group);
  place_.assign(slots, 0);
}

bool Evaluation::is_of(const Snapshot& snapshot) const {
  std::size_t facets = 0;
  for (const auto& wide : wide_) facets += wide.facets.size();
  return nodes_generation_ == snapshot.nodes_generation() &&
         namespaces_generation_ == snapshot.namespaces_generation() &&
         facets <= 4 * (snapshot.slots().size() + 256);
}

void Evaluation::pre_filter(const api::Pod& pod, const Snapshot& snapshot) {
  for (const auto* plugin : profile_.pre_filter) {
    auto [status, names] = plugin->pre_filter(state_, pod, snapshot);
    status.plugin = plugin->name();
    if (status.code == Code::skip) {
      skipped_.insert(plugin);
      continue;
    }
    if (status.code == Code::error) {
      pre_filter_failure_ = std::move(status);
      return;
    }
    if (status.rejected()) {
      const bool final = status.code == Code::unschedulable_and_unresolvable;
      pre_filter_refusal_ = std::move(status);
      if (final) return;
      continue;  // a later plugin's firmer word would count more
    }
    if (!names) continue;
    narrowed_by_.insert(std::string(plugin->name()));
    if (!only_) {
      only_ = std::move(*names);
    } else {
      std::erase_if(*only_, [&](const auto& name) { return !names->contains(name); });
    }
    if (only_->empty()) {
      const std::vector<std::string> plugins(narrowed_by_.begin(), narrowed_by_.end());
      pre_filter_refusal_ = unresolvable(
          plugins.size() == 1
              ? fmt::format("node(s) didn't satisfy plugin {}", plugins.front())
              : fmt::format("node(s) didn't satisfy plugin(s) [{}] simultaneously", fmt::join(plugins, " ")));
      return;
    }
  }
}

void Evaluation::sort_plugins() {
  const auto wide = [&](const Plugin* plugin) -> Wide& {
    const auto it = std::ranges::find(wide_, plugin, &Wide::plugin);
    return it != wide_.end() ? *it : wide_.emplace_back(Wide{.plugin = plugin});
  };
  for (std::size_t i = 0; i < profile_.filter.size(); ++i) {
    if (profile_.filter[i]->spans_nodes()) wide(profile_.filter[i]).order = i;
  }
  for (const auto& scorer : profile_.score) {
    if (scorer.plugin->spans_nodes()) {
      wide(scorer.plugin).weight = scorer.weight;
    } else {
      (scorer.plugin->normalizes() ? normalized_ : plain_).push_back(scorer);
    }
  }
}

void Evaluation::choose_filters() {
  filters_ = Filters(without(profile_.pre_filter, skipped_), without(profile_.filter, skipped_));
  own_filters_.clear();
  std::ranges::copy_if(filters_.plugins(), std::back_inserter(own_filters_),
                       [](const auto* plugin) { return !plugin->spans_nodes(); });
}

bool Evaluation::recount(const api::Pod& pod, const Snapshot& snapshot) {
  bool anew = false;
  for (const auto& wide : wide_) anew = wide.plugin->recount(state_, pod, snapshot) || anew;
  const auto before = skipped_;
  for (const auto* plugin : profile_.pre_filter) {
    if (!plugin->spans_nodes()) continue;
    const bool skips = plugin->pre_filter(state_, pod, snapshot).status.code == Code::skip;
    if (skips) {
      skipped_.insert(plugin);
    } else {
      skipped_.erase(plugin);
    }
  }
  if (skipped_ != before) choose_filters();
  return anew;
}

// Of plugins that look at the node alone; so one feasible node is as good as all.
void Evaluation::pre_score(const api::Pod& pod, const Snapshot& snapshot, std::size_t slot) {
  pre_scored_ = true;
  for (const auto* plugin : profile_.pre_score) {
    if (plugin->spans_nodes()) continue;
    auto status = plugin->pre_score(state_, pod, snapshot, NodeList(snapshot, {&slot, 1}));
    status.plugin = plugin->name();
    if (status.code == Code::skip) {
      std::erase_if(plain_, [&](const auto& scorer) { return scorer.plugin == plugin; });
      for (auto& scorer : normalized_) {
        if (scorer.plugin == plugin) scorer.plugin = nullptr;
      }
    }
    if (status.code == Code::error || status.rejected()) {
      score_failure_ = std::move(status);
      return;
    }
  }
}

std::size_t Evaluation::order_of(std::string_view plugin) const {
  const auto it = std::ranges::find(profile_.filter, plugin, &Plugin::name);
  return static_cast<std::size_t>(it - profile_.filter.begin());
}

Evaluation::Verdict Evaluation::refuse(Status status) {
  auto it = std::ranges::find_if(refusals_, [&](const Refusal& known) {
    return known.status.code == status.code && known.status.plugin == status.plugin &&
           known.status.reasons == status.reasons;
  });
  if (it == refusals_.end()) {
    const auto order = order_of(status.plugin);
    it = refusals_.insert(it, {std::move(status), order});
  }
  return static_cast<Verdict>(it - refusals_.begin()) + 1;
}

Evaluation::Verdict Evaluation::ask_own(const api::Pod& pod, const NodeInfo& node) {
  if (only_ && !only_->contains(node.name())) return absent;
  for (const auto* plugin : own_filters_) {
    auto status = plugin->filter(state_, pod, node);
    if (status.ok()) continue;
    status.plugin = plugin->name();
    return refuse(std::move(status));
  }
  return feasible;
}

void Evaluation::look_at(const api::Pod& pod, const Snapshot& snapshot, std::size_t slot) {
  if (snapshot.generations()[slot] == seen_node_[slot]) return;
  seen_node_[slot] = snapshot.generations()[slot];
  const auto& node = *snapshot.slots()[slot];
  const auto own_verdict = ask_own(pod, node);
  if (own_verdict == feasible && !pre_scored_) pre_score(pod, snapshot, slot);
  key_.assign(first_score + normalized_.size() + wide_.size(), 0);
  if (!node.nominated.empty()) key_[alone] = static_cast<std::int64_t>(slot) + 1;
  key_[own] = own_verdict;
  if (own_verdict == feasible && !score_failure_) {
    for (const auto& [plugin, weight] : plain_) key_[plain_sum] += plugin->score(state_, pod, node) * weight;
    for (std::size_t i = 0; i < normalized_.size(); ++i) {
      const auto* plugin = normalized_[i].plugin;
      if (plugin != nullptr) key_[first_score + i] = plugin->score(state_, pod, node);
    }
  }
  set_facets(node, slot, key_);
  put(slot, key_);
}

void Evaluation::set_facets(const NodeInfo& node, std::size_t slot, Numbers& key) {
  for (std::size_t i = 0; i < wide_.size(); ++i) {
    auto& wide = wide_[i];
    numbers_.clear();
    wide.plugin->facet(state_, slot, node, numbers_);
    const auto [it, is_new] = wide.by_numbers.try_emplace(numbers_, wide.facets.size());
    if (is_new) wide.facets.emplace_back();
    key[first_score + normalized_.size() + i] = static_cast<std::int64_t>(it->second);
  }
}

Evaluation::Wide::Facet& Evaluation::facet_of(const Group& group, std::size_t wide) {
  return wide_[wide].facets[static_cast<std::size_t>(group.key[first_score + normalized_.size() + wide])];
}

void Evaluation::put(std::size_t slot, const Numbers& key) {
  if (const auto group = group_of_[slot]; group != no_group) {
    if (groups_[group].key == key) return;
    take_out(slot);
  }
  auto it = by_key_.find(key);
  if (it == by_key_.end()) {
    std::size_t index = groups_.size();
    if (free_groups_.empty()) {
      groups_.emplace_back();
    } else {
      index = free_groups_.back();
      free_groups_.pop_back();
    }
    groups_[index].key = key;
    it = by_key_.emplace(key, index).first;
  }
  auto& group = groups_[it->second];
  group_of_[slot] = it->second;
  place_[slot] = group.slots.size();
  group.slots.push_back(slot);
}

void Evaluation::take_out(std::size_t slot) {
  const auto index = group_of_[slot];
  auto& group = groups_[index];
  const auto last = group.slots.back();
  group.slots[place_[slot]] = last;
  place_[last] = place_[slot];
  group.slots.pop_back();
  group_of_[slot] = no_group;
  if (!group.slots.empty()) return;
  by_key_.erase(group.key);
  free_groups_.push_back(index);
}

Status Evaluation::ask(const api::Pod& pod, const NodeInfo& node) const {
  if (pre_filter_failure_) return *pre_filter_failure_;
  if (pre_filter_refusal_) return *pre_filter_refusal_;
  if (only_ && !only_->contains(node.name())) return unresolvable("the Pod is for other nodes");
  return filters_.ask(state_, pod, node);
}

bool Evaluation::look_ahead(const api::Pod& pod, const Snapshot& snapshot, std::size_t nodes) {
  if (next_ == seen_node_.size()) return false;
  facets_outdated_ = recount(pod, snapshot) || facets_outdated_;
  for (; nodes > 0 && next_ < seen_node_.size(); --nodes) look_at(pod, snapshot, next_++);
  return next_ < seen_node_.size();
}

void Evaluation::refresh(const api::Pod& pod, const Snapshot& snapshot) {
  if (pre_filter_refusal_ || pre_filter_failure_) return;
  facets_outdated_ = recount(pod, snapshot) || facets_outdated_;
  snapshot.each_change_since(seen_, [&](std::size_t slot) { look_at(pod, snapshot, slot); });
  seen_ = snapshot.generation();
  next_ = seen_node_.size();
  if (std::exchange(facets_outdated_, false)) {
    for (std::size_t slot = 0; slot < group_of_.size(); ++slot) {
      if (group_of_[slot] == no_group) continue;
      key_ = groups_[group_of_[slot]].key;
      set_facets(*snapshot.slots()[slot], slot, key_);
      put(slot, key_);
    }
  }
  judge(pod, snapshot);
}

void Evaluation::judge(const api::Pod& pod, const Snapshot& snapshot) {
  ++round_;
  feasible_ = 0;
  filter_failure_.reset();
  for (auto& group : groups_) {
    if (group.slots.empty()) continue;
    group.verdict = verdict_of(group, pod, snapshot);
    if (group.verdict == feasible) {
      feasible_ += static_cast<int>(group.slots.size());
    } else if (group.verdict != absent && !filter_failure_) {
      const auto& status = refusals_[static_cast<std::size_t>(group.verdict) - 1].status;
      if (status.code == Code::error) filter_failure_ = status;
    }
  }
}

Evaluation::Verdict Evaluation::verdict_of(const Group& group, const api::Pod& pod,
                                           const Snapshot& snapshot) {
  const auto own_verdict = static_cast<Verdict>(group.key[own]);
  if (own_verdict == absent) return absent;
  const auto& node = *snapshot.slots()[group.slots.front()];
  if (group.key[alone] != 0) {
    auto status = filters_.ask(state_, pod, node);
    return status.ok() ? feasible : refuse(std::move(status));
  }
  for (std::size_t i = 0; i < wide_.size(); ++i) {
    const auto& wide = wide_[i];
    if (!wide.order || skipped_.contains(wide.plugin)) continue;
    // The first plugin in order that refuses gives the verdict.
    if (own_verdict != feasible && refusals_[static_cast<std::size_t>(own_verdict) - 1].order < *wide.order) {
      break;
    }
    auto& facet = facet_of(group, i);
    if (facet.asked != round_) {
      facet.asked = round_;
      auto status = wide.plugin->filter(state_, pod, node);
      status.plugin = wide.plugin->name();
      facet.verdict = status.ok() ? feasible : refuse(std::move(status));
    }
    if (facet.verdict != feasible) return facet.verdict;
  }
  return own_verdict;
}

void Evaluation::score_wide(Wide& wide, std::size_t index, const api::Pod& pod, const NodeList& nodes) {
  scores_.resize(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    auto& facet = facet_of(groups_[candidates_[i]], index);
    if (facet.scored != round_) {
      facet.scored = round_;
      facet.score = wide.plugin->score(state_, pod, nodes[i]);
    }
    scores_[i] = facet.score;
  }
  if (wide.plugin->normalizes()) wide.plugin->normalize(state_, nodes, scores_);
  for (std::size_t i = 0; i < nodes.size(); ++i) totals_[i] += scores_[i] * *wide.weight;
}

std::optional<std::size_t> Evaluation::best(const api::Pod& pod, const Snapshot& snapshot,
                                            std::uint64_t pod_hash) {
  if (feasible_ == 0) return std::nullopt;
  candidates_.clear();
  nodes_.clear();
  counts_.clear();
  totals_.clear();
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    const auto& group = groups_[i];
    if (group.slots.empty() || group.verdict != feasible) continue;
    candidates_.push_back(i);
    nodes_.push_back(group.slots.front());
    counts_.push_back(group.slots.size());
    totals_.push_back(group.key[plain_sum]);
  }
  const NodeList nodes(snapshot, nodes_, counts_);
  std::set<const Plugin*> skipped;
  for (const auto* plugin : profile_.pre_score) {
    if (plugin->spans_nodes() && plugin->pre_score(state_, pod, snapshot, nodes).code == Code::skip)
      skipped.insert(plugin);
  }
  for (std::size_t j = 0; j < normalized_.size(); ++j) {
    const auto& [plugin, weight] = normalized_[j];
    if (plugin == nullptr) continue;
    scores_.resize(nodes.size());
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      scores_[i] = groups_[candidates_[i]].key[first_score + j];
    }
    plugin->normalize(state_, nodes, scores_);
    for (std::size_t i = 0; i < nodes.size(); ++i) totals_[i] += scores_[i] * weight;
  }
  for (std::size_t i = 0; i < wide_.size(); ++i) {
    if (wide_[i].weight && !skipped.contains(wide_[i].plugin)) score_wide(wide_[i], i, pod, nodes);
  }

  const auto highest = std::ranges::max(totals_);
  std::optional<std::size_t> chosen;
  std::uint64_t chosen_rank = 0;
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    if (totals_[i] != highest) continue;
    for (const auto slot : groups_[candidates_[i]].slots) {
      const auto rank = tie_rank(pod_hash, snapshot.name_hashes()[slot]);
      if (chosen && rank < chosen_rank) continue;
      if (chosen && rank == chosen_rank &&
          snapshot.slots()[slot]->name() >= snapshot.slots()[*chosen]->name()) {
        continue;
      }
      chosen = slot;
      chosen_rank = rank;
    }
  }
  return chosen;
}

bool Evaluation::is_feasible(std::size_t slot) const {
  return slot < group_of_.size() && group_of_[slot] != no_group &&
         groups_[group_of_[slot]].verdict == feasible;
}

}  // namespace actimanager::scheduler

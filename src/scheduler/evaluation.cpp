#include "evaluation.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "fit_error.hpp"
#include "tie_break.hpp"

namespace actimanager::scheduler {
Evaluation::Evaluation(const Profile& profile, const api::Pod& pod, const Snapshot& snapshot)
    : profile_(profile),
      nodes_generation_(snapshot.nodes_generation()),
      affinity_generation_(snapshot.affinity_generation()) {
  pre_filter(pod, snapshot);
  if (pre_filter_refusal_ || failure_) return;
  const auto slots = snapshot.slots().size();
  seen_.assign(slots, 0);
  verdicts_.assign(slots, unknown);
  plain_sum_.assign(slots, 0);
}

void Evaluation::pre_filter(const api::Pod& pod, const Snapshot& snapshot) {
  std::set<const Plugin*> skipped;
  for (const auto* plugin : profile_.pre_filter) {
    auto [status, names] = plugin->pre_filter(state_, pod, snapshot);
    status.plugin = plugin->name();
    if (status.code == Code::skip) {
      skipped.insert(plugin);
      continue;
    }
    if (status.code == Code::error) {
      failure_ = std::move(status);
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
  filters_ = Filters(without(profile_.pre_filter, skipped), without(profile_.filter, skipped));
}

void Evaluation::pre_score(const api::Pod& pod, const Snapshot& snapshot) {
  pre_scored_ = true;
  std::set<const Plugin*> skipped;
  find_candidates();
  for (const auto* plugin : profile_.pre_score) {
    auto status = plugin->pre_score(state_, pod, snapshot, NodeList(snapshot, candidates_));
    status.plugin = plugin->name();
    if (status.code == Code::skip) skipped.insert(plugin);
    if (status.code == Code::error || status.rejected()) {
      score_failure_ = std::move(status);
      return;
    }
  }
  for (const auto& scorer : profile_.score) {
    if (skipped.contains(scorer.plugin)) continue;
    if (scorer.plugin->normalizes()) {
      normalized_.push_back({scorer.plugin, scorer.weight, std::vector<std::int64_t>(verdicts_.size())});
    } else {
      plain_.push_back(scorer);
    }
  }
}

std::int32_t Evaluation::intern(Status status) {
  for (std::size_t i = 0; i < statuses_.size(); ++i) {
    if (statuses_[i].code == status.code && statuses_[i].plugin == status.plugin &&
        statuses_[i].reasons == status.reasons) {
      return static_cast<std::int32_t>(i) + 1;
    }
  }
  statuses_.push_back(std::move(status));
  return static_cast<std::int32_t>(statuses_.size());
}

void Evaluation::find_candidates() {
  candidates_.clear();
  for (std::size_t slot = 0; slot < verdicts_.size(); ++slot) {
    if (verdicts_[slot] == feasible) candidates_.push_back(slot);
  }
}

void Evaluation::filter(const api::Pod& pod, const NodeInfo& node, std::size_t slot) {
  if (only_ && !only_->contains(node.name())) {
    verdicts_[slot] = absent;
    return;
  }
  auto status = filters_.ask(state_, pod, node);
  if (status.code == Code::error && !failure_) failure_ = status;
  verdicts_[slot] = status.ok() ? feasible : intern(std::move(status));
}

void Evaluation::score(const api::Pod& pod, const NodeInfo& node, std::size_t slot) {
  std::int64_t sum = 0;
  for (const auto& [plugin, weight] : plain_) sum += plugin->score(state_, pod, node) * weight;
  plain_sum_[slot] = sum;
  for (auto& scored : normalized_) scored.raw[slot] = scored.plugin->score(state_, pod, node);
}

void Evaluation::refresh(const api::Pod& pod, const Snapshot& snapshot) {
  if (pre_filter_refusal_ || failure_) return;
  const auto& generations = snapshot.generations();
  changed_.clear();
  for (std::size_t slot = 0; slot < generations.size(); ++slot) {
    if (generations[slot] == seen_[slot]) continue;
    seen_[slot] = generations[slot];
    if (verdicts_[slot] == feasible) --feasible_;
    verdicts_[slot] = absent;
    const auto& node = snapshot.slots()[slot];
    if (node == nullptr) continue;
    filter(pod, *node, slot);
    if (verdicts_[slot] != feasible) continue;
    ++feasible_;
    changed_.push_back(slot);
  }
  if (failure_) return;
  if (!pre_scored_ && feasible_ > 0) pre_score(pod, snapshot);
  if (score_failure_) return;
  for (const auto slot : changed_) score(pod, *snapshot.slots()[slot], slot);
}

std::optional<std::size_t> Evaluation::best(const Snapshot& snapshot, std::uint64_t pod_hash) {
  if (feasible_ == 0) return std::nullopt;
  find_candidates();
  totals_.resize(candidates_.size());
  for (std::size_t i = 0; i < candidates_.size(); ++i) totals_[i] = plain_sum_[candidates_[i]];
  for (const auto& scored : normalized_) {
    scores_.resize(candidates_.size());
    for (std::size_t i = 0; i < candidates_.size(); ++i) scores_[i] = scored.raw[candidates_[i]];
    scored.plugin->normalize(state_, NodeList(snapshot, candidates_), scores_);
    for (std::size_t i = 0; i < candidates_.size(); ++i) totals_[i] += scores_[i] * scored.weight;
  }
  const auto highest = std::ranges::max(totals_);
  std::optional<std::size_t> chosen;
  std::uint64_t chosen_rank = 0;
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    if (totals_[i] != highest) continue;
    const auto& node = *snapshot.slots()[candidates_[i]];
    const auto rank = tie_rank(pod_hash, node.name_hash);
    const bool better = !chosen || rank > chosen_rank ||
                        (rank == chosen_rank && node.name() < snapshot.slots()[*chosen]->name());
    if (!better) continue;
    chosen = candidates_[i];
    chosen_rank = rank;
  }
  return chosen;
}

std::string Evaluation::message(const Snapshot& snapshot) const {
  if (pre_filter_refusal_) return fit_error(snapshot.node_count(), *pre_filter_refusal_);
  std::vector<int> nodes_by_status(statuses_.size() + 1);
  for (const auto verdict : verdicts_) {
    if (verdict > feasible) ++nodes_by_status[static_cast<std::size_t>(verdict)];
  }
  Reasons reasons;
  for (std::size_t i = 0; i < statuses_.size(); ++i) {
    if (nodes_by_status[i + 1] > 0) reasons.add(statuses_[i], nodes_by_status[i + 1]);
  }
  if (only_) {
    reasons.add(fmt::format("node(s) didn't satisfy plugin(s) [{}]", fmt::join(narrowed_by_, " ")),
                snapshot.node_count() - reasons.nodes());
  }
  return fit_error(snapshot.node_count(), reasons);
}

std::vector<std::size_t> Evaluation::unschedulable() const {
  std::vector<std::size_t> slots;
  for (std::size_t slot = 0; slot < verdicts_.size(); ++slot) {
    if (verdicts_[slot] <= feasible) continue;
    const auto& status = statuses_[static_cast<std::size_t>(verdicts_[slot]) - 1];
    if (status.code == Code::unschedulable) slots.push_back(slot);
  }
  return slots;
}

std::vector<const Plugin*> Evaluation::rejected_by() const {
  std::set<std::string, std::less<>> refusers = narrowed_by_;
  if (pre_filter_refusal_) refusers.insert(std::string(pre_filter_refusal_->plugin));
  for (const auto verdict : verdicts_) {
    if (verdict > feasible)
      refusers.insert(std::string(statuses_[static_cast<std::size_t>(verdict) - 1].plugin));
  }
  std::vector<const Plugin*> plugins;
  for (const auto& plugin : profile_.plugins) {
    if (refusers.contains(plugin->name())) plugins.push_back(plugin.get());
  }
  return plugins;
}

}  // namespace actimanager::scheduler

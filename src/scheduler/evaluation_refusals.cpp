// What an Evaluation says where no node is feasible.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "evaluation.hpp"
#include "fit_error.hpp"

namespace actimanager::scheduler {

std::string Evaluation::message(const Snapshot& snapshot) const {
  if (pre_filter_refusal_) return fit_error(snapshot.node_count(), *pre_filter_refusal_);
  std::vector<int> nodes_by_refusal(refusals_.size() + 1);
  for (const auto& group : groups_) {
    if (group.slots.empty() || group.verdict <= feasible) continue;
    nodes_by_refusal[static_cast<std::size_t>(group.verdict)] += static_cast<int>(group.slots.size());
  }
  Reasons reasons;
  for (std::size_t i = 0; i < refusals_.size(); ++i) {
    if (nodes_by_refusal[i + 1] > 0) reasons.add(refusals_[i].status, nodes_by_refusal[i + 1]);
  }
  if (only_) {
    reasons.add(fmt::format("node(s) didn't satisfy plugin(s) [{}]", fmt::join(narrowed_by_, " ")),
                snapshot.node_count() - reasons.nodes());
  }
  return fit_error(snapshot.node_count(), reasons);
}

std::vector<std::size_t> Evaluation::unschedulable() const {
  std::vector<std::size_t> slots;
  for (const auto& group : groups_) {
    if (group.slots.empty() || group.verdict <= feasible) continue;
    const auto& status = refusals_[static_cast<std::size_t>(group.verdict) - 1].status;
    if (status.code == Code::unschedulable) slots.insert(slots.end(), group.slots.begin(), group.slots.end());
  }
  std::ranges::sort(slots);
  return slots;
}

std::vector<const Plugin*> Evaluation::rejected_by() const {
  std::set<std::string, std::less<>> refusers = narrowed_by_;
  if (pre_filter_refusal_) refusers.insert(std::string(pre_filter_refusal_->plugin));
  for (const auto& group : groups_) {
    if (group.slots.empty() || group.verdict <= feasible) continue;
    refusers.insert(std::string(refusals_[static_cast<std::size_t>(group.verdict) - 1].status.plugin));
  }
  std::vector<const Plugin*> plugins;
  for (const auto& plugin : profile_.plugins) {
    if (refusers.contains(plugin->name())) plugins.push_back(plugin.get());
  }
  return plugins;
}

}  // namespace actimanager::scheduler

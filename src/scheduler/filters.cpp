#include "filters.hpp"

#include <algorithm>

namespace actimanager::scheduler {
namespace {

Status said_by(const Plugin& plugin, Status status) {
  status.plugin = plugin.name();
  return status;
}

PodCpus cpus_of(const NominatedPod& nominated) {
  PodCpus cpus;
  const auto& placement = nominated.placement;
  if (placement) cpus.holdings.push_back({placement->cpus, placement->level});
  cpus.in_pool = !placement || placement->level == api::ExclusivenessLevel::none;
  return cpus;
}

}  // namespace

template <class Ask>
Status Filters::with_nominated(const CycleState& state, const api::Pod& pod, const NodeInfo& node,
                               Ask ask) const {
  std::optional<Trial> trial;
  for (const auto& nominated : node.nominated) {
    if (nominated.pod->priority < pod.priority || nominated.pod->meta.uid == pod.meta.uid) continue;
    if (!trial) trial.emplace(*this, state, pod, node);
    trial->add(nominated.pod, cpus_of(nominated));
  }
  if (trial) {
    if (auto status = ask(trial->state(), trial->node()); !status.ok()) return status;
  }
  return ask(state, node);
}

Status Filters::ask(const CycleState& state, const api::Pod& pod, const NodeInfo& node) const {
  return with_nominated(state, pod, node, [&](const CycleState& state_now, const NodeInfo& node_now) {
    for (const auto* plugin : filter_) {
      auto status = plugin->filter(state_now, pod, node_now);
      if (!status.ok()) return said_by(*plugin, std::move(status));
    }
    return Status{};
  });
}

Status Filters::ask(const Plugin& plugin, const CycleState& state, const api::Pod& pod,
                    const NodeInfo& node) const {
  return with_nominated(state, pod, node, [&](const CycleState& state_now, const NodeInfo& node_now) {
    return said_by(plugin, plugin.filter(state_now, pod, node_now));
  });
}

std::vector<const Plugin*> without(const std::vector<const Plugin*>& plugins,
                                   const std::set<const Plugin*>& skipped) {
  std::vector<const Plugin*> rest;
  std::ranges::copy_if(plugins, std::back_inserter(rest),
                       [&](const auto* plugin) { return !skipped.contains(plugin); });
  return rest;
}

void Trial::add(const PodPointer& other, const PodCpus& cpus) {
  const auto load = pod_load(*other);
  node_.add(other, load);
  for (const auto& holding : cpus.holdings) node_.cpus.add(holding);
  if (cpus.in_pool) node_.pool_milli_cpu += load.requests.milli_cpu;
  for (const auto* plugin : filters_.pre_filter_) plugin->count_pod(state_, pod_, *other, node_, 1);
}

void Trial::remove(const PodPointer& other, const PodCpus& cpus) {
  const auto load = pod_load(*other);
  node_.remove(other, load);
  for (const auto& holding : cpus.holdings) node_.cpus.remove(holding);
  if (cpus.in_pool) node_.pool_milli_cpu -= load.requests.milli_cpu;
  for (const auto* plugin : filters_.pre_filter_) plugin->count_pod(state_, pod_, *other, node_, -1);
}

}  // namespace actimanager::scheduler

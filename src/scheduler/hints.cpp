#include <algorithm>

#include <actimanager/scheduler/hints.hpp>

namespace actimanager::scheduler {

Hints::Hints(const Scheduler& scheduler, const Cache& cache) : scheduler_(scheduler), cache_(cache) {
  for (const auto& profile : scheduler.config().profiles) {
    for (const auto& plugin : profile.plugins) {
      for (auto& interest : plugin->interests()) {
        registered_[interest.kind].push_back({plugin.get(), std::move(interest)});
      }
    }
  }
}

namespace {

// Whether the event is meant for this Pod, whoever refused it.
bool reaches(const ClusterEvent& event, const api::Pod& pod) {
  if (event.up_to_priority && pod.priority > *event.up_to_priority) return false;
  return !event.others_alone || std::get<Change<api::Pod>>(event.change).either().meta.uid != pod.meta.uid;
}

}  // namespace

Hopeful Hints::about(const ClusterEvent& event) const {
  std::vector<const Registered*> asked;
  for (const auto& registered : registered_[event.change.index()]) {
    if (registered.interest.covers(event)) asked.push_back(&registered);
  }
  const bool is_node = event.action == Action::add && event.change.index() == kind_of<api::Node>;
  if (asked.empty() && !is_node) return nullptr;
  return [this, &event, asked = std::move(asked), is_node](
             const api::Pod& pod,
             const std::vector<const Plugin*>& rejected_by) -> std::optional<std::string_view> {
    if (!reaches(event, pod)) return std::nullopt;
    if (rejected_by.empty() && is_node) return "";
    for (const auto* registered : asked) {
      if (std::ranges::find(rejected_by, registered->plugin) == rejected_by.end()) continue;
      const auto& ask = registered->interest.ask;
      if (!ask || ask(pod, event.change, *this) == Hint::queue) return registered->plugin->name();
    }
    return std::nullopt;
  };
}

const NodeInfo& Hints::left_by_less_important(std::int32_t priority, const NodeInfo& node) const {
  if (left_ && left_->generation == node.generation && left_->priority == priority) return left_->node;
  auto& left = left_.emplace(Left{node.generation, priority, node});
  for (const auto& other : node.pods) {
    if (other->priority >= priority) continue;
    const auto cpus = cache_.cpus_of(other->meta.uid);
    for (const auto& holding : cpus.holdings) left.node.cpus.remove(holding);
    if (cpus.in_pool) left.node.pool_milli_cpu -= pod_load(*other).requests.milli_cpu;
  }
  return left.node;
}

bool Hints::may_get_cpus(const api::Pod& pod, std::string_view node) const {
  const auto* info = cache_.node(node);
  if (info == nullptr || !info->cpus.has_topology()) return false;
  const bool preempts = pod.spec->preemption_policy != "Never";
  return scheduler_.cpus_fit(pod, preempts ? left_by_less_important(pod.priority, *info) : *info);
}

}  // namespace actimanager::scheduler

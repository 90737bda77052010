#include <algorithm>

#include <actimanager/scheduler/simulation.hpp>

namespace actimanager::scheduler {

double Usage::fragmentation() const {
  return free == 0 ? 0 : 1 - static_cast<double>(in_idle_cores) / free;
}

double Usage::utilisation() const {
  return cpus == 0 ? 0 : static_cast<double>(exclusive) / cpus;
}

Usage usage_of(const Snapshot& snapshot) {
  Usage usage;
  for (const auto& info : snapshot.slots()) {
    if (info == nullptr || !info->cpus.has_topology()) continue;
    const auto& topology = info->cpus.topology();
    usage.cpus += topology.cpus().size();
    usage.exclusive += info->cpus.exclusive().size();
    usage.free += info->cpus.free_size();
    usage.cores += static_cast<int>(topology.cores().size());
    for (const auto& core : topology.cores()) {
      if (!info->cpus.free().includes(core.cpus)) continue;
      ++usage.idle_cores;
      usage.in_idle_cores += core.cpus.size();
    }
    usage.sockets += static_cast<int>(topology.sockets().size());
    usage.idle_sockets += static_cast<int>(std::ranges::count_if(
        topology.sockets(), [&](const auto& socket) { return info->cpus.free().includes(socket.cpus); }));
  }
  return usage;
}

namespace {

// Notes it for those of them that were placed here.
void evict(const std::vector<PodPointer>& victims, const api::Pod& preemptor,
           std::vector<Simulation::Placed>& placed) {
  for (auto& before : placed) {
    const bool leaves = std::ranges::any_of(
        victims, [&](const auto& victim) { return victim->meta.uid == before.pod->meta.uid; });
    if (leaves) before.left_for = preemptor.meta.key();
  }
}

}  // namespace

Simulation simulate(Scheduler& scheduler, Cache& cache, const std::vector<PodPointer>& pods,
                    const BoundByHand& bound_by_hand) {
  Simulation result;
  cache.update(result.snapshot);
  result.before = usage_of(result.snapshot);
  for (const auto& pod : pods) {
    const auto gate = scheduler.pre_enqueue(*pod);
    Simulation::Placed placed{.pod = pod};
    Decision& decision = placed.decision;
    if (gate.ok()) {
      decision = scheduler.schedule_one(*pod, result.snapshot);
    } else {
      decision.message = gate.reasons.empty() ? std::string(gate.plugin) : gate.reasons.front();
    }
    if (const auto* nomination = decision.nomination()) {
      placed.evicted = nomination->victims;
      for (const auto& victim : placed.evicted) cache.remove_pod(victim->meta.uid);
      evict(placed.evicted, *pod, result.pods);
      cache.update(result.snapshot);
      decision = scheduler.schedule_one(*pod, result.snapshot);
    }
    if (decision.placed()) {
      cache.assume(pod, decision.node, decision.placement);
      // Counted there already, or as soon as the Pod is.
      if (bound_by_hand && !decision.placement) decision.placement = bound_by_hand(*pod);
      assume(cache.objects().storage(), decision.volumes, decision.node);
      cache.update(result.snapshot);
    }
    result.pods.push_back(std::move(placed));
  }
  result.after = usage_of(result.snapshot);
  return result;
}

}  // namespace actimanager::scheduler

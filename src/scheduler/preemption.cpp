#include "preemption.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "cpu_placing.hpp"

namespace actimanager::scheduler {
namespace {

// A Pod that may have to leave.
struct Potential {
  PodPointer pod;
  PodCpus cpus;
  bool protected_ = false;  // by a budget
};

std::int64_t sum_of_priorities(const Nomination& candidate) {
  std::int64_t sum = 0;
  // Shifted, so that many Pods of negative priority do not weigh less than few.
  for (const auto& pod : candidate.victims) sum += std::int64_t{pod->priority} + (std::int64_t{1} << 31);
  return sum;
}

// When the first of the most important ones started; nullopt: none has.
std::optional<api::Time> earliest_start(const Nomination& candidate) {
  std::optional<api::Time> earliest;
  for (const auto& pod : candidate.victims) {
    if (pod->priority != candidate.victims.front()->priority || !pod->start_time) continue;
    if (!earliest || *pod->start_time < *earliest) earliest = pod->start_time;
  }
  return earliest;
}

// The most important first; of equals, those that came first.
void insert(std::vector<PodPointer>& pods, const PodPointer& pod) {
  const auto before = [](const auto& a, const auto& b) { return more_important(*a, *b); };
  pods.insert(std::ranges::upper_bound(pods, pod, before), pod);
}

std::vector<Potential> less_important(const api::Pod& pod, const Snapshot& snapshot, const NodeInfo& node) {
  std::vector<PodPointer> pods;
  for (const auto& other : node.pods) {
    if (other->priority < pod.priority) insert(pods, other);
  }
  const auto violates = violates_budget(pods, snapshot.objects().budgets());
  std::vector<Potential> potential;
  for (std::size_t i = 0; i < pods.size(); ++i) {
    potential.push_back({pods[i], snapshot.cpus_of(pods[i]->meta.uid), violates[i]});
  }
  return potential;
}

bool holds(const Potential& potential, const CpuSet& cpus) {
  return std::ranges::any_of(potential.cpus.holdings,
                             [&](const auto& holding) { return holding.cpus.intersects(cpus); });
}

bool has_sockets_to_free(const CycleState& state, const NodeInfo& node) {
  return state.cpu_wish && node.cpus.has_topology();
}

// Who is left out when all have gone and come back one by one unless the Pod would not fit any more: first
// those that a budget protects, of the others those that do not hold any of `last`. The Trial is of the node
// without any of them.
Nomination come_back(Trial trial, const api::Pod& pod, const std::vector<Potential>& potential,
                     const CpuSet& last) {
  Nomination candidate{.node = trial.node().name()};
  const auto rank = [&](const Potential& other) { return other.protected_ ? 0 : holds(other, last) ? 2 : 1; };
  for (const int turn : {0, 1, 2}) {
    for (const auto& other : potential) {
      if (rank(other) != turn) continue;
      trial.add(other.pod, other.cpus);
      if (trial.ask().ok()) continue;
      trial.remove(other.pod, other.cpus);
      insert(candidate.victims, other.pod);
      if (other.protected_) ++candidate.violations;
    }
  }
  if (const auto& wish = trial.state().cpu_wish) {
    candidate.placement = place_cpus(*wish, pod, trial.node());
  }
  return candidate;
}

}  // namespace

bool more_important(const api::Pod& a, const api::Pod& b) {
  if (a.priority != b.priority) return a.priority > b.priority;
  if (!a.start_time || !b.start_time) return a.start_time.has_value() && !b.start_time;
  return *a.start_time < *b.start_time;
}

std::vector<bool> violates_budget(std::span<const PodPointer> pods,
                                  const ByKey<api::PodDisruptionBudget>& budgets) {
  std::map<const api::PodDisruptionBudget*, std::int64_t> allowed;
  std::vector<bool> violates;
  for (const auto& pod : pods) {
    bool violated = false;
    for (const auto& [key, budget] : budgets) {
      if (pod->meta.labels->empty() || !budget->covers(pod->meta)) continue;
      if (budget->disrupted_pods.contains(pod->meta.name)) continue;
      auto& left = allowed.try_emplace(budget.get(), budget->disruptions_allowed).first->second;
      violated = --left < 0 || violated;
    }
    violates.push_back(violated);
  }
  return violates;
}

bool costs_less(const Nomination& a, const Nomination& b) {
  if (a.violations != b.violations) return a.violations < b.violations;
  const auto highest_a = a.victims.front()->priority, highest_b = b.victims.front()->priority;
  if (highest_a != highest_b) return highest_a < highest_b;
  const auto sum_a = sum_of_priorities(a), sum_b = sum_of_priorities(b);
  if (sum_a != sum_b) return sum_a < sum_b;
  if (a.victims.size() != b.victims.size()) return a.victims.size() < b.victims.size();
  const auto start_a = earliest_start(a), start_b = earliest_start(b);
  if (!start_a || !start_b) return !start_a && start_b.has_value();
  return *start_a > *start_b;
}

std::variant<Nomination, Status> find_victims(const Filters& filters, const CycleState& state,
                                              const api::Pod& pod, const Snapshot& snapshot,
                                              const NodeInfo& node) {
  auto potential = less_important(pod, snapshot, node);
  if (potential.empty()) return unresolvable("No preemption victims found for incoming pod");
  Trial without(filters, state, pod, node);
  for (const auto& other : potential) without.remove(other.pod, other.cpus);
  if (auto status = without.ask(); !status.ok()) return status;

  auto best = come_back(without, pod, potential, {});
  if (best.victims.empty()) {
    return Status{
        Code::error, {fmt::format("expected at least one victim pod on node \"{}\"", node.name())}, {}};
  }
  if (!has_sockets_to_free(state, node) || best.victims.size() < 2) return best;
  // The most important Pods decide which CPUs become free, by where they are. It may be cheaper to free those
  // of one socket.
  for (const auto& socket : node.cpus.topology().sockets()) {
    auto candidate = come_back(without, pod, potential, socket.cpus);
    if (!candidate.victims.empty() && costs_less(candidate, best)) {
      best = std::move(candidate);
    }
  }
  return best;
}

std::size_t looks_at_each_pod(const CycleState& state, const NodeInfo& node) {
  return has_sockets_to_free(state, node) ? 1 + node.cpus.topology().sockets().size() : 1;
}

}  // namespace actimanager::scheduler

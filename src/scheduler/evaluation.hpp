// Evaluation: what the plugins of a profile say about one kind of Pod on every node of a snapshot, kept from
// decision to decision. Pods that no plugin can tell apart (equal signatures) share one; between two
// decisions only nodes that changed are asked again, so a decision costs little more than looking at one
// number per node.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <actimanager/scheduler/config.hpp>
#include <actimanager/scheduler/scheduler.hpp>

#include "filters.hpp"

namespace actimanager::scheduler {

// One decision that remembers nothing: what Scheduler::schedule_one says, for explain().
Decision decide(const Profile& profile, const api::Pod& pod, const Snapshot& snapshot);

class Evaluation {
 public:
  Evaluation(const Profile& profile, const api::Pod& pod, const Snapshot& snapshot);

  // Whether the snapshot differs from that of the construction in no more than some nodes' Pods.
  bool is_of(const Snapshot& snapshot) const {
    return nodes_generation_ == snapshot.nodes_generation() &&
           affinity_generation_ == snapshot.affinity_generation();
  }
  // Asks the plugins about the nodes that changed since. Precondition: is_of(snapshot).
  void refresh(const api::Pod& pod, const Snapshot& snapshot);

  // The best node's slot; nullopt: none is feasible. `pod_hash` breaks ties.
  std::optional<std::size_t> best(const Snapshot& snapshot, std::uint64_t pod_hash);
  int feasible_nodes() const { return feasible_; }

  CycleState& state() { return state_; }
  const CycleState& state() const { return state_; }
  // A plugin failed: no answer. Where there is only one node to choose, nobody is asked for scores.
  const std::optional<Status>& failure() const {
    return !failure_ && feasible_ > 1 ? score_failure_ : failure_;
  }
  const Filters& filters() const { return filters_; }
  // Of no slot where a PreFilter has refused the Pod.
  bool is_feasible(std::size_t slot) const { return slot < verdicts_.size() && verdicts_[slot] == feasible; }
  // The slots of nodes that might become feasible if Pods left them.
  std::vector<std::size_t> unschedulable() const;
  // Why no node is feasible.
  std::string message(const Snapshot& snapshot) const;
  // The plugins that said so, in the profile's order.
  std::vector<const Plugin*> rejected_by() const;

 private:
  static constexpr std::int32_t unknown = -2, absent = -1, feasible = 0;  // else index into statuses_, plus 1
  struct Scored {
    const Plugin* plugin;
    std::int64_t weight;
    std::vector<std::int64_t> raw;  // by slot, of plugins that normalize
  };

  void pre_filter(const api::Pod& pod, const Snapshot& snapshot);
  void pre_score(const api::Pod& pod, const Snapshot& snapshot);
  void filter(const api::Pod& pod, const NodeInfo& node, std::size_t slot);
  void score(const api::Pod& pod, const NodeInfo& node, std::size_t slot);
  void find_candidates();
  std::int32_t intern(Status status);

  const Profile& profile_;
  std::uint64_t nodes_generation_, affinity_generation_;
  CycleState state_;
  std::optional<Status> failure_;        // of a PreFilter, or of a Filter on any node: the decision is off
  std::optional<Status> score_failure_;  // of a PreScore
  std::optional<Status> pre_filter_refusal_;
  std::optional<std::set<std::string, std::less<>>> only_;  // these nodes alone
  std::set<std::string, std::less<>> narrowed_by_;          // the plugins that said so
  Filters filters_;
  std::vector<Scored> normalized_;
  std::vector<Profile::Scorer> plain_;

  std::vector<std::uint64_t> seen_;      // by slot: the generation that was evaluated
  std::vector<std::int32_t> verdicts_;   // by slot
  std::vector<std::int64_t> plain_sum_;  // by slot: weighted scores of plugins that do not normalize
  std::vector<Status> statuses_;
  int feasible_ = 0;

  bool pre_scored_ = false;

  std::vector<std::size_t> changed_;     // scratch, kept for its memory
  std::vector<std::size_t> candidates_;  // the same: feasible slots
  std::vector<std::int64_t> scores_, totals_;
};

}  // namespace actimanager::scheduler

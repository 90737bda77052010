// Scheduler: one decision for one Pod, on a Snapshot: where it goes and on which CPUs, or why nowhere. Pure
// and deterministic: the same Pod (UID included), snapshot and configuration give the same answer. All nodes
// are filtered and scored; ties go by a hash of the Pod's UID and the node's name.
//
// A Filter answer is a promise: for the node it chose, the CPUs are found. The promise holds for the snapshot
// it was given; see cache.hpp for the sequence of calls.
//
// What plugins say about a node is remembered until the node changes (Snapshot's generations), so one
// Scheduler must only be given snapshots of one Cache.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <actimanager/scheduler/cache.hpp>
#include <actimanager/scheduler/config.hpp>

namespace actimanager::scheduler {

struct Decision {
  // Where; empty: nowhere.
  std::string node;
  // On which CPUs; nullopt for Pods that no CPU plugin of their profile places.
  std::optional<allocator::Placement> placement;
  // What its claims need before it can be bound.
  VolumePlan volumes;
  int feasible_nodes = 0;

  // Where nowhere: the text of the PodScheduled condition and the FailedScheduling event, in kube-scheduler's
  // wording: "0/5 nodes are available: 2 Insufficient cpu, 3 node(s) had untolerated taint(s)."
  std::string message;
  // And what can be done about it: nullopt where nobody was asked.
  std::optional<PostFilterResult> post_filter;
  // The plugins that refused it, for SchedulingQueue::park: it is they who know what may change that. None
  // where there is no node at all.
  std::vector<const Plugin*> rejected_by;
  // Pods of one kind, refused by the same plugins, hope for the same: for park(), too. "": it is like no
  // other.
  std::string kind;
  // Nowhere for a reason that no event will mend (a plugin failed): SchedulingQueue::retry.
  bool error = false;

  bool placed() const { return !node.empty(); }
  // nullptr: none.
  const Nomination* nomination() const {
    return post_filter && post_filter->nomination ? &*post_filter->nomination : nullptr;
  }
  // The node it was nominated for before is worth waiting for; else the Pod is not nominated any more.
  bool keeps_nominated_node() const { return post_filter && post_filter->keep_nominated_node; }
};

class Scheduler {
 public:
  explicit Scheduler(Config config);
  ~Scheduler();
  Scheduler(Scheduler&&) noexcept;

  const Config& config() const;
  // Whether Pods with this schedulerName are ours.
  bool handles(std::string_view scheduler_name) const;
  // For SchedulingQueue. Precondition: handles(pod.spec->scheduler_name).
  Status pre_enqueue(const api::Pod& pod) const;

  // Precondition: handles(pod.spec->scheduler_name).
  Decision schedule_one(const api::Pod& pod, const Snapshot& snapshot);
  // The same in turns, where it takes long: for the first Pod of its kind, which has every node looked at,
  // and for one that other Pods have to leave for. nullopt after so many nodes, to be called again. The
  // snapshot may change in between; then a part of the work may begin anew, but not for ever.
  std::optional<Decision> schedule_one(const api::Pod& pod, const Snapshot& snapshot, std::size_t nodes);
  // What can be looked at in a few milliseconds.
  static constexpr std::size_t nodes_a_turn = 500;
  // Between such turns: a change of the snapshot would have it look for victims anew.
  bool looks_for_victims() const;

  // What PreFilter and Filter say about this one node, which need not be as it is in the snapshot.
  // Precondition: handles(pod.spec->scheduler_name).
  Status filter(const api::Pod& pod, const Snapshot& snapshot, const NodeInfo& node) const;
  // Whether the CPUs it wants could be found on a node like this. Precondition:
  // handles(pod.spec->scheduler_name).
  bool cpus_fit(const api::Pod& pod, const NodeInfo& node) const;
  // CPUs on this very node, for a Pod that is on it already; nullopt: there are none, or no CPU plugin places
  // the Pod. Precondition: handles(pod.spec->scheduler_name), node.cpus.has_topology().
  std::optional<allocator::Placement> place_on(const api::Pod& pod, const NodeInfo& node) const;
  // What a Pod on this node asks for by now, for allocator::resize(): its level is the one it has already.
  // nullopt: no CPU plugin places the Pod. Precondition: handles(pod.spec->scheduler_name).
  std::optional<allocator::Request> request_on(const api::Pod& pod, const NodeInfo& node,
                                               api::ExclusivenessLevel level) const;

  // The CPUs that a Pod nominated for this node will find once the less important Pods that are being deleted
  // there have left. nullopt: it wants none, or there are none, or it is not one of ours.
  std::optional<allocator::Placement> place_nominated(const api::Pod& pod, const Snapshot& snapshot,
                                                      std::string_view node) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace actimanager::scheduler

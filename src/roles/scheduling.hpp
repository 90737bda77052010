// Scheduling: the scheduler's loop around the pure engine: feeds cache and queue from the watches, decides
// one Pod at a time, and hands each decision to a binding cycle of its own.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <actimanager/allocator/resize.hpp>
#include <actimanager/async/event.hpp>
#include <actimanager/async/task_group.hpp>
#include <actimanager/kube/event_recorder.hpp>
#include <actimanager/roles/leader.hpp>
#include <actimanager/scheduler/cache.hpp>
#include <actimanager/scheduler/feed.hpp>
#include <actimanager/scheduler/hints.hpp>
#include <actimanager/scheduler/queue.hpp>
#include <actimanager/scheduler/scheduler.hpp>

#include "cluster_state.hpp"
#include "pod_binder.hpp"
#include "preemptor.hpp"
#include "volume_binder.hpp"

namespace actimanager::roles {

class Scheduling {
 public:
  Scheduling(boost::asio::any_io_executor executor, kube::Client& client, ClusterState& cluster,
             kube::EventRecorder& events, scheduler::Config config, std::size_t binding_cycles,
             LeaderMetrics& metrics, spdlog::logger& log);
  ~Scheduling();
  Scheduling(const Scheduling&) = delete;
  Scheduling& operator=(const Scheduling&) = delete;

  // Until cancelled. Decides nothing before all watches are in.
  boost::asio::awaitable<void> run();

  // Other CPUs on the Pod's own node, for a binding that was refused; nullopt: there are none, or the Pod is
  // not ours.
  std::optional<allocator::Placement> place_again(const api::Pod& pod, const api::PodCPUBinding& refused);

  // What the Pod of a binding asks for by now, and would get of its node in place of what it has.
  struct Resize {
    int wanted = 0;
    allocator::Resized resized;
  };
  // nullopt: its size is not ours to choose, or nothing is known of its node.
  std::optional<Resize> resize(const api::Pod& pod, const std::string& binding,
                               const allocator::Placement& has);
  // The edit that follows, in the scheduler's books: see scheduler::Cache.
  void assume_edit(const std::string& binding, const allocator::Placement& placement);
  void forget_edit(const std::string& binding);

 private:
  using PodPointer = kube::Store<api::Pod>::Pointer;
  using BindingPointer = kube::Store<api::PodCPUBinding>::Pointer;

  void follow_changes();
  template <class T>
  void follow_owners(kube::Store<T>& store);
  template <class T>
  void follow(kube::Store<T>& store);
  void requeued(const api::Pod& pod, const scheduler::ClusterEvent& event, std::string_view plugin);

  boost::asio::awaitable<void> loop();
  boost::asio::awaitable<void> decide(scheduler::QueuedPod item);
  // On a snapshot of now. nullopt: meanwhile the Pod has gone, or to a node.
  boost::asio::awaitable<std::optional<scheduler::Decision>> decision_for(const api::Pod& pod);
  BindingPointer own_binding(const api::Pod& pod) const;

  // Where an earlier cycle, which a crash or an error cut short, was about to put the Pod: it is finished
  // before anything else is thought of. nullopt: there is none, or its node is gone.
  std::optional<Target> begun(const api::Pod& pod) const;
  // Whether the Pod may still go there: what an earlier leader has begun says nothing about what has come to
  // the node since.
  bool admits(const api::Pod& pod, const std::string& node);
  // Takes back what was begun, for the next attempt to decide anew.
  boost::asio::awaitable<void> start_over(scheduler::QueuedPod item);
  // Removes the binding that was stored for an earlier decision, if the Pod has not been assigned.
  boost::asio::awaitable<Result<void>> take_back(const api::Pod& pod, const api::PodCPUBinding& own);

  boost::asio::awaitable<void> bind(scheduler::QueuedPod item, Target target);
  // The same for a Pod whose claims get their volumes first.
  boost::asio::awaitable<void> bind_with_volumes(scheduler::QueuedPod item, Target target,
                                                 scheduler::VolumePlan volumes);
  // The next attempt finishes what this one has begun.
  void try_again(const scheduler::QueuedPod& item, Target target, const Error& error);
  // Its place is not kept any more.
  void abandon(const api::Pod& pod, const Error& error);
  void tell_failure(const api::Pod& pod, const Error& error);  // by an Event
  // The next attempt decides anew.
  void begin_anew(const scheduler::QueuedPod& item, const Error& error);
  // The same; where it may be of use to know why, an Event says it.
  void give_up(const scheduler::QueuedPod& item, const Error& error);
  void forget_volumes(const scheduler::VolumePlan& volumes);
  // Says on the Pod why it was not placed. `nominated`: the node it is nominated for now, "" for none.
  boost::asio::awaitable<void> refuse(PodPointer pod, std::string message, std::string reason,
                                      std::string nominated);
  // Its victims are asked to leave, and it is parked until they have.
  boost::asio::awaitable<void> preempt(scheduler::QueuedPod item, scheduler::Decision decision);
  // Less important Pods that were nominated for the node look for another.
  boost::asio::awaitable<void> withdraw_less_important(const api::Pod& pod, const std::string& node);

  kube::Client& client_;
  ClusterState& cluster_;
  kube::EventRecorder& events_;
  std::size_t max_cycles_;
  LeaderMetrics& metrics_;
  spdlog::logger& log_;

  scheduler::Scheduler scheduler_;
  scheduler::Cache cache_;
  scheduler::Snapshot snapshot_;
  scheduler::Hints hints_;
  scheduler::SchedulingQueue queue_;
  scheduler::Feed feed_;
  PodBinder binder_;
  VolumeBinder volume_binder_;
  Preemptor preemptor_;
  async::Event work_;
  async::TaskGroup cycles_;
  async::TaskGroup waiting_cycles_;  // for volumes: as many as there are, since they may take minutes
  // By Pod UID: what was written, or not: the answer was lost. It keeps its CPUs in the cache until it is
  // tried again.
  std::unordered_map<std::string, Target> unsettled_;
  // UIDs of bindings that start_over() deleted and the watch has not yet.
  std::unordered_set<std::string> taken_back_;
};

}  // namespace actimanager::roles

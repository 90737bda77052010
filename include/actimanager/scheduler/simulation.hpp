// simulate(): places Pods one after the other in a cluster that exists only here, as the leader would, and
// says how the nodes' CPUs look before and after.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <actimanager/scheduler/cache.hpp>
#include <actimanager/scheduler/scheduler.hpp>

namespace actimanager::scheduler {

// The CPUs of all nodes with a topology.
struct Usage {
  int cpus = 0;       // online
  int exclusive = 0;  // that somebody holds alone
  int free = 0;       // that may be taken exclusively
  int cores = 0;
  int idle_cores = 0;     // all CPUs of which are free
  int in_idle_cores = 0;  // CPUs
  int sockets = 0;
  int idle_sockets = 0;  // likewise

  // The part of the free CPUs that no idle core has: what pieces of cores are left. 0 where none is free.
  double fragmentation() const;
  double utilisation() const;  // exclusive / cpus
};
Usage usage_of(const Snapshot& snapshot);

struct Simulation {
  struct Placed {
    PodPointer pod;
    Decision decision;
    std::vector<PodPointer> evicted;  // to make room for it
    std::string left_for;             // namespace/name of a later Pod that evicted it; "": none has
  };
  std::vector<Placed> pods;  // in the order given
  Usage before, after;
  Snapshot snapshot;  // afterwards
};

// What somebody bound a Pod to by hand: for such a Pod the scheduler chooses no CPUs. nullopt: nothing.
using BoundByHand = std::function<std::optional<allocator::Placement>(const api::Pod&)>;

// Pods that must leave for a more important one are gone at once, and their bindings with them. Precondition:
// the scheduler handles every Pod's schedulerName. What is placed stays assumed in the cache.
Simulation simulate(Scheduler& scheduler, Cache& cache, const std::vector<PodPointer>& pods,
                    const BoundByHand& bound_by_hand = {});

}  // namespace actimanager::scheduler

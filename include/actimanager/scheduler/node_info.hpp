// NodeInfo: one node as a decision sees it: the Node, what its Pods add up to, and who holds its CPUs. A
// value; the Cache keeps it current and a Snapshot holds a copy.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <actimanager/allocator/placement.hpp>
#include <actimanager/api/node.hpp>
#include <actimanager/scheduler/pod_kind.hpp>
#include <actimanager/scheduler/resources.hpp>

namespace actimanager::scheduler {

using PodPointer = std::shared_ptr<const api::Pod>;

// What one Pod holds of its node's CPUs.
struct PodCpus {
  std::vector<allocator::Holding> holdings;  // of its bindings, persisted or assumed
  bool in_pool = false;  // it runs in the shared pool, which its CPU request counts against
};

// A Pod that is to go to a node where there is no room for it yet: others have been asked to leave.
struct NominatedPod {
  PodPointer pod;
  std::optional<allocator::Placement> placement;  // the CPUs that will be its own
};

struct NodeInfo {
  std::shared_ptr<const api::Node> node;  // never null in a Snapshot
  std::uint64_t generation = 0;           // of its last change
  std::uint64_t name_hash = 0;

  Resources allocatable;
  Resources requested;
  std::int64_t non_zero_milli_cpu = 0;
  std::int64_t non_zero_memory = 0;
  std::vector<HostPort> used_ports;
  std::vector<PodPointer> pods;  // bound or assumed, not finished
  // How many of them are of which kind. Kept by the Cache; a Trial's Pods are not counted.
  struct KindCount {
    PodKindPointer kind;
    std::uint32_t id;  // the kind's
    int count;
  };
  std::vector<KindCount> kinds;

  // Every persisted or assumed binding on the node; without topology where its NodeCPUTopology is missing or
  // has none.
  allocator::Occupancy cpus;
  // CPU requests of the Pods that run in the shared pool: those without a binding at an exclusive level.
  std::int64_t pool_milli_cpu = 0;

  std::vector<NominatedPod> nominated;  // not counted in anything above

  const std::string& name() const { return node->meta.name; }
  // The Pod is one more, or one less, of the node's, with everything it asks for but CPU sets.
  void add(const PodPointer& pod, const PodLoad& load);
  void remove(const PodPointer& pod, const PodLoad& load);
  // So many Pods of this kind more, or less.
  void count(const PodKindPointer& kind, int change);
  // How many CPUs the shared pool must keep for its Pods: at least one.
  int min_pool(std::int64_t more_milli_cpu = 0) const;
};

}  // namespace actimanager::scheduler

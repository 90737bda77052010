// What the kernel should show on one node, as a pure function of what was admitted: the CPUs and memory nodes
// of every Pod. Pods without an admitted binding, those whose binding was refused included, run in the shared
// pool: all online CPUs that are exclusive to nobody, and that the kernel does not keep its scheduler off
// (isolcpus): a thread of the pool that came there would never be moved away.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <actimanager/binding/admission.hpp>

namespace actimanager::binding {

struct Cpuset {
  CpuSet cpus;
  NumaSet mems;  // empty: leave them as they are (a machine without NUMA)
  bool operator==(const Cpuset&) const = default;
};

struct PodCpusets {
  Cpuset pod;
  std::map<std::string, Cpuset> containers;  // by name: those with narrower sets
  bool pinned = false;                       // by a binding, rather than in the shared pool
  bool is_partition = false;                 // its CPUs are isolated from the rest of the machine
  bool lifts_quota = false;                  // CFS quotas are lifted: see quota.hpp
  bool operator==(const PodCpusets&) const = default;
};

struct Desired {
  Cpuset shared;                           // for every Pod that is not in `pods`
  bool shared_is_whole = true;             // the pool has every CPU there is
  CpuSet exclusive;                        // of all bindings together
  std::map<std::string, PodCpusets> pods;  // by UID: those with an admitted binding

  const PodCpusets& of(const std::string& uid) const {
    const auto it = pods.find(uid);
    return it == pods.end() ? shared_pod_ : it->second;
  }
  bool operator==(const Desired&) const = default;

 private:
  friend Desired desired_cpusets(const NodeFacts& node, const std::vector<Verdict>& verdicts,
                                 const CpuSet& isolated);
  PodCpusets shared_pod_;
};

// Precondition: node.topology. A Pod all of whose CPUs are offline runs in the shared pool until they return.
// `isolated` CPUs are in the pool only where it would be empty without them.
Desired desired_cpusets(const NodeFacts& node, const std::vector<Verdict>& verdicts,
                        const CpuSet& isolated = {});

// What one admitted binding asks of the kernel; its `pod` has no CPUs where all of them are offline.
// Precondition: verdict.admitted().
PodCpusets cpusets_of(const topology::Topology& topology, const Verdict& verdict);

// NUMA nodes that memory can come from. Those whose memory is not known count as having some, unless others'
// is known.
NumaSet nodes_with_memory(const topology::Topology& topology);

// Where the memory of what runs on these CPUs should come from: their NUMA nodes; for nodes that have CPUs
// but no memory, the nearest that have some. Empty where the machine has no NUMA.
NumaSet memory_nodes_of(const topology::Topology& topology, const CpuSet& cpus);

// The UID by which the Pod's cgroup is named: a static Pod's is the hash of its manifest, not its mirror's
// UID. Whoever makes a Pod writes its annotations: they cannot name another Pod by its UID.
const std::string& cgroup_uid(const api::Pod& pod);

}  // namespace actimanager::binding

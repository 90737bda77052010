// Admission of PodCPUBindings on one node: the rule by which its agent judges them. The scheduler places by
// the same definitions (allocator/), so that what it makes is admitted.
//
// What was admitted once (status.admitted) keeps its CPUs for as long as its Pod lives. New and edited specs
// are judged after all of these, oldest creation first, then by UID; where an edit frees CPUs, once more from
// the oldest. A refused edit leaves the older grant in force. Judging is deterministic and changes nothing:
// called again with its own results it says the same, called after something was freed it may say better.
//
// Not promised: that what was admitted is wholly online (see Verdict::offline), or that its exclusive CPUs
// are still all it asked for after the reservation or the online CPUs have changed (see
// Verdict::not_exclusive).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <actimanager/api/pod.hpp>
#include <actimanager/api/pod_cpu_binding.hpp>
#include <actimanager/core/cpu_set.hpp>
#include <actimanager/topology/topology.hpp>

namespace actimanager::binding {

using BindingPointer = std::shared_ptr<const api::PodCPUBinding>;
using PodPointer = std::shared_ptr<const api::Pod>;

struct NodeFacts {
  std::shared_ptr<const topology::Topology> topology;  // nullptr: not known yet, nothing can be judged
  CpuSet reserved;                                     // never exclusive to anyone
};

// The Pods of this node.
struct PodLookup {
  // The one with this "namespace/name"; nullptr: there is none.
  std::function<PodPointer(const std::string& key)> by_key;
  // Whether one of any name has this UID.
  std::function<bool(const std::string& uid)> has_uid;
};

struct Verdict {
  enum class Kind {
    admitted,  // `grant` is in force: pin the Pod to it
    refused,   // nothing is in force: the Pod runs in the shared pool; tell why
    // Not this node's to judge, or not now: its Pod is not here, has ended, or is another incarnation than
    // the binding's owner; or it is being deleted. Holds nothing, say nothing.
    not_ours,
  };
  BindingPointer binding;
  // nullptr where a Pod that the scheduler has just placed has not been seen yet, only its binding. Its CPUs
  // are held, but nothing is recorded before the Pod is here: a recorded grant without a Pod is that of a Pod
  // that is gone.
  PodPointer pod;
  Kind kind = Kind::not_ours;
  std::optional<api::PodCPUBinding::Admitted> grant;      // where admitted
  std::vector<api::PodCPUBinding::Container> containers;  // narrower sets in force, where admitted

  // Why the spec as it stands is not in force: all empty where it is.
  api::BindingStatus refusal = api::BindingStatus::unset;  // invalid_cpu_set or cpu_set_allocation_failed
  std::string reason;                                      // CamelCase
  std::string message;  // "spec.cpuSet: CPU 9 is not online here (CPUs 0-7)"

  CpuSet offline;  // admitted CPUs that are not online now
  // CPUs that its level should keep others off but does not: reserved for the node since, or another's before
  // they came online; or its grant's exclusive ones, while no other is online for the Pods that share.
  CpuSet not_exclusive;

  // Precondition: admitted. What nobody else is on.
  CpuSet own_cpus() const { return grant->exclusive_cpus - not_exclusive; }
  bool admitted() const { return kind == Kind::admitted; }
  bool edit_refused() const { return admitted() && !reason.empty(); }
};

// The reason of a binding that is refused because its Pod has another one.
inline constexpr std::string_view second_binding = "SecondBinding";

// One verdict for each binding, in the order given.
std::vector<Verdict> admit(const NodeFacts& node, const std::vector<BindingPointer>& bindings,
                           const PodLookup& pods);

}  // namespace actimanager::binding

// The status that a node's agent gives a binding: what was judged, and what the kernel shows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <actimanager/binding/admission.hpp>
#include <actimanager/binding/desired.hpp>

namespace actimanager::binding {

// What the kernel shows of an admitted binding's Pod.
struct Observed {
  std::vector<api::PodCPUBinding::ObservedContainer> containers;  // by name
  bool complete = false;  // every container that should run has been seen, on its set
  std::string error;      // why it is not in the kernel, where that is known
  std::string error_reason = "KernelRefused";
  std::string disturbance;  // who keeps writing against us; "": nobody
  CpuSet crowded;           // exclusive CPUs that other Pods are on, because nobody can keep them off
  struct Quota {            // CFS quotas of its cgroups
    bool looked = false;    // at any
    bool limited = false;   // one has a quota
    bool lifted = false;    // one had a quota, which is to be put back
    std::string error;      // why the kernel does not let us
  } quota;
  struct Partition {
    bool holds = false;   // the kernel was seen to have it
    std::string refusal;  // in its words
  } partition;
};

// Precondition: the verdict is not `not_ours`. The status as it is, while the Pod has not been seen (see
// Verdict::pod): an older grant without a Pod would be taken for one whose Pod is gone. Equal input gives an
// equal status, but for the times of conditions that change: compare before writing.
api::PodCPUBinding::Status next_status(const Verdict& verdict, const std::string& node_name,
                                       const Observed& observed, const topology::Topology& topology,
                                       api::Time now);

}  // namespace actimanager::binding

// OtherOwners: who else decides on this machine which CPUs Pods run on, and what follows for an agent. What
// they write, once they do, is CgroupWatcher's and CpusetWriters' to tell.
//
// Follows kubelet's pkg/kubelet/cm/cpumanager (its state names the policy in force: a kubelet does not start
// with another one) and the kernel's Documentation/admin-guide/kernel-parameters.txt (isolcpus).
#pragma once

#include <optional>
#include <string>

#include <actimanager/core/cpu_set.hpp>

namespace actimanager::host {

struct OtherOwners {
  std::string kubelet_policy;  // of its CPU manager: "none", "static"; "": cannot be seen
  std::string policy_source;   // the file that says so
  bool another_agent = false;  // keeps the cpusets of this hierarchy already
  CpuSet isolated;             // CPUs that the kernel keeps its scheduler off (isolcpus)
  bool operator==(const OtherOwners&) const = default;
};

// Why an agent has to leave every cpuset alone.
struct Objection {
  std::string reason;   // CamelCase
  std::string message;  // what is so, and what to do
  // Another one is the node's agent: what is published of the node and its bindings is that one's as well.
  bool silent = false;
  bool operator==(const Objection&) const = default;
};
std::optional<Objection> objection(const OtherOwners& owners);

// What the files of this machine say, without `another_agent`. `root` is put before every path.
OtherOwners find_other_owners(const std::string& kubelet_directory, const std::string& root = "");

}  // namespace actimanager::host

#include <fmt/format.h>

#include <actimanager/host/other_owners.hpp>

#include "system_files.hpp"

namespace actimanager::host {

std::optional<Objection> objection(const OtherOwners& owners) {
  if (owners.another_agent) {
    return Objection{
        "AnotherAgent",
        "another agent keeps the cpusets of this node's Pods: this one pins nothing until that one "
        "has ended",
        true};
  }
  if (owners.kubelet_policy.empty() || owners.kubelet_policy == "none") return std::nullopt;
  return Objection{
      "KubeletCPUManager",
      fmt::format(
          "the kubelet's CPU manager has the policy {} ({}) and writes cpusets itself: nothing is pinned "
          "here until it is none; drain the node, set cpuManagerPolicy: none, remove the file, restart "
          "the kubelet",
          owners.kubelet_policy, owners.policy_source)};
}

OtherOwners find_other_owners(const std::string& kubelet_directory, const std::string& root) {
  OtherOwners owners;
  const auto path = kubelet_directory + "/cpu_manager_state";
  if (const auto state = read_text(root + path)) {
    if (auto policy = word_after_key(*state, "policyName")) {
      owners.kubelet_policy = std::move(*policy);
      owners.policy_source = path;
    }
  }
  const auto isolated = read_text(root + "/sys/devices/system/cpu/isolated");
  if (auto cpus = CpuSet::parse(isolated.value_or(""))) owners.isolated = std::move(*cpus);
  return owners;
}

}  // namespace actimanager::host

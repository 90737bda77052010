#include "targets.hpp"

namespace actimanager::roles {
namespace {

host::CpusetTarget in_kernel_terms(const binding::Cpuset& cpuset) {
  return {cpuset.cpus, cpuset.mems};
}

}  // namespace

std::string runtime_id(const std::string& container_id) {
  const auto scheme = container_id.find("://");
  return scheme == std::string::npos ? container_id : container_id.substr(scheme + 3);
}

Targets targets_of(const binding::Desired& desired, const std::vector<binding::Verdict>& verdicts) {
  Targets targets;
  targets.shared.pod = in_kernel_terms(desired.shared);
  targets.shared_is_whole = desired.shared_is_whole;
  targets.exclusive = desired.exclusive;
  for (const auto& [uid, cpusets] : desired.pods) {
    targets.pods[uid].pod = in_kernel_terms(cpusets.pod);
    targets.pods[uid].lifts_quota = cpusets.lifts_quota;
    targets.pods[uid].is_partition = cpusets.is_partition;
  }
  for (const auto& verdict : verdicts) {
    if (!verdict.pod) continue;
    const auto& uid = binding::cgroup_uid(*verdict.pod);
    const auto pod = desired.pods.find(uid);
    if (pod == desired.pods.end()) continue;
    for (const auto& status : *verdict.pod->container_statuses) {
      const auto container = pod->second.containers.find(status.name);
      if (container == pod->second.containers.end() || status.container_id.empty()) continue;
      targets.pods[uid].containers[runtime_id(status.container_id)] = in_kernel_terms(container->second);
    }
  }
  return targets;
}

}  // namespace actimanager::roles

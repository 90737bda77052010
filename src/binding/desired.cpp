#include <actimanager/binding/desired.hpp>

namespace actimanager::binding {
namespace {

Cpuset on(const topology::Topology& topology, const CpuSet& cpus, const NumaSet& mems = {}) {
  return {cpus, mems.empty() ? topology.numa_nodes_of(cpus) : mems};
}

}  // namespace

Desired desired_cpusets(const NodeFacts& node, const std::vector<Verdict>& verdicts) {
  const auto& topology = *node.topology;
  Desired desired;
  for (const auto& verdict : verdicts)
    if (verdict.admitted()) desired.exclusive |= verdict.grant->exclusive_cpus;

  auto pool = topology.cpus() - desired.exclusive;
  // Only when CPUs went offline under the grants: everyone runs somewhere, whatever was promised.
  if (pool.empty()) pool = topology.cpus();
  desired.shared = {pool, topology.numa_ids()};
  desired.shared_pod_.pod = desired.shared;

  for (const auto& verdict : verdicts) {
    if (!verdict.admitted()) continue;
    const auto cpus = verdict.grant->cpu_set & topology.cpus();
    if (cpus.empty()) continue;
    PodCpusets pod{.pod = on(topology, cpus), .containers = {}, .pinned = true};
    for (const auto& container : verdict.containers) {
      const auto narrower = container.cpu_set & cpus;
      auto cpuset = on(topology, narrower.empty() ? cpus : narrower, container.memory_nodes);
      pod.pod.mems |= cpuset.mems;  // a container cannot have what its Pod has not
      pod.containers.emplace(container.name, std::move(cpuset));
    }
    desired.pods.emplace(verdict.pod ? cgroup_uid(*verdict.pod) : owner_uid(*verdict.binding), std::move(pod));
  }
  return desired;
}

const std::string& cgroup_uid(const api::Pod& pod) {
  const auto* hash = pod.meta.annotation("kubernetes.io/config.hash");
  const auto* mirror = pod.meta.annotation("kubernetes.io/config.mirror");
  return hash != nullptr && mirror != nullptr ? *hash : pod.meta.uid;
}

}  // namespace actimanager::binding

#include <algorithm>
#include <limits>

#include <actimanager/binding/desired.hpp>

#include "quota.hpp"

namespace actimanager::binding {
namespace {

NumaSet nearest(const topology::Topology& topology, const topology::NumaNode& from,
                const NumaSet& candidates) {
  const auto& nodes = topology.numa_nodes();
  if (from.distances.size() != nodes.size()) return candidates;
  NumaSet ids;
  int shortest = std::numeric_limits<int>::max();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!candidates.contains(nodes[i].id) || from.distances[i] > shortest) continue;
    if (from.distances[i] < shortest) ids.clear();
    shortest = from.distances[i];
    ids.insert(nodes[i].id);
  }
  return ids;
}

// As the kubelet makes it of a manifest: an MD5 sum. A Pod's own UID is a UUID.
bool is_manifest_hash(std::string_view text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

NumaSet nodes_with_memory(const topology::Topology& topology) {
  NumaSet ids;
  for (const auto& node : topology.numa_nodes()) {
    if (node.memory_bytes > 0) ids.insert(node.id);
  }
  return ids.empty() ? topology.numa_ids() : ids;
}

NumaSet memory_nodes_of(const topology::Topology& topology, const CpuSet& cpus) {
  const auto with_memory = nodes_with_memory(topology);
  const auto near = topology.numa_nodes_of(cpus);
  NumaSet ids = near & with_memory;
  if (!ids.empty()) return ids;
  for (const auto& node : topology.numa_nodes()) {
    if (near.contains(node.id)) ids |= nearest(topology, node, with_memory);
  }
  return ids;
}

PodCpusets cpusets_of(const topology::Topology& topology, const Verdict& verdict) {
  const auto cpus = verdict.grant->cpu_set & topology.cpus();
  PodCpusets pod{.pod = {cpus, memory_nodes_of(topology, cpus)},
                 .containers = {},
                 .pinned = true,
                 .is_partition = false,
                 .lifts_quota = false};
  const auto with_memory = nodes_with_memory(topology);
  for (const auto& container : verdict.containers) {
    auto narrower = container.cpu_set & cpus;
    if (narrower.empty()) narrower = cpus;
    auto mems = container.memory_nodes & with_memory;
    if (mems.empty()) mems = memory_nodes_of(topology, narrower);
    pod.pod.mems |= mems;  // a container cannot have what its Pod has not
    pod.containers.emplace(container.name, Cpuset{std::move(narrower), std::move(mems)});
  }
  return pod;
}

Desired desired_cpusets(const NodeFacts& node, const std::vector<Verdict>& verdicts, const CpuSet& isolated) {
  const auto& topology = *node.topology;
  Desired desired;
  for (const auto& verdict : verdicts) {
    if (verdict.admitted()) desired.exclusive |= verdict.grant->exclusive_cpus;
  }

  auto pool = topology.cpus() - desired.exclusive - isolated;
  if (pool.empty()) pool = topology.cpus() - desired.exclusive;
  // Only when CPUs went offline under the grants: everyone runs somewhere, whatever was promised.
  if (pool.empty()) pool = topology.cpus();
  desired.shared = {pool, nodes_with_memory(topology)};
  desired.shared_is_whole = pool == topology.cpus();
  desired.shared_pod_.pod = desired.shared;

  for (const auto& verdict : verdicts) {
    if (!verdict.admitted()) continue;
    auto pod = cpusets_of(topology, verdict);
    if (pod.pod.cpus.empty()) continue;
    pod.is_partition =
        verdict.grant->isolation == api::Isolation::partition && verdict.own_cpus().includes(pod.pod.cpus);
    pod.lifts_quota = verdict.pod && verdict.grant->cfs_quota == api::CfsQuota::lift &&
                      uncovered_limit(topology, verdict).empty();
    desired.pods.emplace(verdict.pod ? cgroup_uid(*verdict.pod) : verdict.binding->owner_uid(),
                         std::move(pod));
  }
  return desired;
}

const std::string& cgroup_uid(const api::Pod& pod) {
  const auto* hash = pod.meta.annotation("kubernetes.io/config.hash");
  const auto* mirror = pod.meta.annotation("kubernetes.io/config.mirror");
  return hash != nullptr && mirror != nullptr && is_manifest_hash(*hash) ? *hash : pod.meta.uid;
}

}  // namespace actimanager::binding

#include "fixtures.hpp"

#include <stdexcept>

namespace actimanager::scheduler::testing {

std::string why(const Decision& decision) {
  const auto first = decision.message.find(". ");
  return first == std::string::npos ? decision.message : decision.message.substr(0, first + 1);
}

std::vector<std::string> rejected_by(const Decision& decision) {
  std::vector<std::string> names;
  for (const auto* plugin : decision.rejected_by) names.emplace_back(plugin->name());
  return names;
}

api::ResourceList resources(std::initializer_list<std::pair<const char*, const char*>> entries) {
  api::ResourceList list;
  for (const auto& [name, text] : entries) {
    if (*text != '\0') list.emplace(name, value_or_throw(Quantity::parse(text)));
  }
  return list;
}

std::shared_ptr<api::Node> make_node(std::string name, const char* cpu, const char* memory) {
  auto node = std::make_shared<api::Node>();
  node->meta.name = std::move(name);
  node->allocatable = resources({{"cpu", cpu}, {"memory", memory}, {"pods", "110"}});
  node->ready = true;
  return node;
}

std::shared_ptr<const topology::Topology> make_machine(int sockets, int cores, int threads) {
  topology::Parts parts;
  const int all_cores = sockets * cores;
  for (int s = 0; s < sockets; ++s) {
    topology::Socket socket{SocketId{s}, {}};
    for (int c = 0; c < cores; ++c) {
      topology::Core core{CoreId{c}, SocketId{s}, {}};
      for (int t = 0; t < threads; ++t) core.cpus.insert(CpuId{s * cores + c + t * all_cores});
      socket.cpus |= core.cpus;
      parts.cores.push_back(core);
    }
    parts.numa_nodes.push_back({.id = NumaId{s}, .cpus = socket.cpus});
    parts.caches.push_back({.cpus = socket.cpus});
    parts.sockets.push_back(std::move(socket));
  }
  return std::make_shared<const topology::Topology>(
      value_or_throw(topology::Topology::make(std::move(parts))));
}

api::NodeCPUTopology make_topology(const std::string& node, std::shared_ptr<const topology::Topology> machine,
                                   CpuSet reserved) {
  api::NodeCPUTopology topology;
  topology.meta.name = api::NodeCPUTopology::name_for(node);
  topology.node_name = node;
  topology.topology = std::move(machine);
  topology.status.reserved_cpus = std::move(reserved);
  topology.status.resource_status = api::TopologyStatus::fresh;
  return topology;
}

api::Pod make_pod(std::string name, const char* cpu, const char* memory) {
  api::Pod pod;
  pod.meta.namespace_ = "default";
  pod.meta.uid = "uid-" + name;
  pod.meta.name = std::move(name);
  pod.spec->scheduler_name = "maestro";
  pod.phase = "Pending";
  pod.spec->containers.push_back(
      {.name = "main", .image = "app:1", .requests = resources({{"cpu", cpu}, {"memory", memory}})});
  return pod;
}

api::Pod make_class_pod(std::string name, const char* workload, const char* cpu) {
  api::Pod pod = make_pod(std::move(name), cpu);
  pod.meta.labels->emplace(api::workload_type_label, workload);
  return pod;
}

api::Pod on_node(api::Pod pod, std::string node) {
  pod.node_name = std::move(node);
  return pod;
}

api::PodCPUBinding make_binding(const api::Pod& pod, const std::string& node, const char* cpus,
                                api::ExclusivenessLevel level) {
  api::PodCPUBinding binding;
  binding.meta.namespace_ = pod.meta.namespace_;
  binding.meta.name = api::PodCPUBinding::name_for_pod(pod.meta.name);
  binding.meta.generation = 1;
  if (!node.empty()) binding.meta.labels->emplace(api::node_name_label, node);
  binding.meta.owner_references->push_back({"v1", "Pod", pod.meta.name, pod.meta.uid, true});
  binding.spec.pod_name = pod.meta.name;
  binding.spec.cpu_set = value_or_throw(CpuSet::parse(cpus));
  binding.spec.exclusiveness_level = level;
  return binding;
}

}  // namespace actimanager::scheduler::testing

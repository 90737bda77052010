// Clusters and Pods for tests, by name and in few words.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <actimanager/api/names.hpp>
#include <actimanager/scheduler/scheduler.hpp>

namespace actimanager::scheduler::testing {

// A node with so many CPUs, memory and room for 110 Pods.
std::shared_ptr<api::Node> make_node(std::string name, const char* cpu = "32", const char* memory = "64Gi");
// sockets × cores × threads, a NUMA node per socket; first threads of all cores come first.
std::shared_ptr<const topology::Topology> make_machine(int sockets, int cores, int threads);
api::NodeCPUTopology make_topology(const std::string& node, std::shared_ptr<const topology::Topology> machine,
                                   CpuSet reserved = {});

// In namespace "default", UID "uid-<name>", schedulerName maestro, one container.
api::Pod make_pod(std::string name, const char* cpu = "", const char* memory = "");
api::Pod make_class_pod(std::string name, const char* workload, const char* cpu);
api::Pod on_node(api::Pod pod, std::string node);

// "<pod>-pcb", owned by the Pod, with the node's label where `node` is given.
api::PodCPUBinding make_binding(const api::Pod& pod, const std::string& node, const char* cpus,
                                api::ExclusivenessLevel level);

// The decision's message without what PostFilter adds to it.
std::string why(const Decision& decision);
// The names of the plugins that refused the Pod.
std::vector<std::string> rejected_by(const Decision& decision);

api::ResourceList resources(std::initializer_list<std::pair<const char*, const char*>> entries);

}  // namespace actimanager::scheduler::testing

// AgentView: what a node's agent knows and holds at one moment, as plain data for the endpoint.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <actimanager/core/cpu_set.hpp>
#include <actimanager/topology/topology.hpp>

namespace actimanager::roles {

struct PinView {
  struct Container {
    std::string name;  // its name in the Pod, or its id where the API has not said yet
    CpuSet granted;    // as read back from the kernel
  };
  std::string namespace_, pod, uid;
  std::string binding;  // "namespace/name"; "": none, the Pod runs in the shared pool
  std::string level;    // exclusiveness level of the binding
  std::string status;   // of the binding: Applied, CPUSetAllocationFailed, …
  std::string message;  // why it is not in force, where it is not
  CpuSet wanted;        // what the agent wants the kernel to grant
  CpuSet granted;       // what it grants to the Pod; empty: the Pod has no cgroup (yet)
  CpuSet exclusive;     // kept free of everybody else
  NumaSet memory_nodes;
  std::vector<Container> containers;
};

struct AgentView {
  std::string node_name;
  std::shared_ptr<const topology::Topology> topology;
  CpuSet reserved, shared_pool;
  // Empty: the agent is doing its work; else what keeps it from it.
  std::string not_ready;
};

}  // namespace actimanager::roles

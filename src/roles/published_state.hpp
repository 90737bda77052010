// What an agent publishes of its node in the NodeCPUTopology, and the status that follows. Pure.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <actimanager/api/node_cpu_topology.hpp>
#include <actimanager/host/other_owners.hpp>

namespace actimanager::roles {

struct PublishedState {
  std::shared_ptr<const topology::Topology> topology;
  CpuSet reserved;
  std::optional<CpuSet> exclusive;  // nullopt: not known yet, what was published stays
  api::NodeCPUTopology::Cgroup cgroup;
  std::string failure;  // why `topology` may not be what the machine has any more; "": it is
  std::optional<host::Objection> objection;  // why nothing is pinned
};

// The object's status with what is so now: Fresh, or Failed with a condition that says why. The time of the
// last change is left to the caller. Precondition: state.topology.
api::NodeCPUTopology::Status published_status(const api::NodeCPUTopology& object,
                                              const std::string& internal_ip, const PublishedState& state,
                                              api::Time now);

}  // namespace actimanager::roles

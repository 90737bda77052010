// What the leader does about a binding: it goes with its Pod, and where no agent can judge it, its status
// says why. Everything else about a binding is its agent's.
#pragma once

#include <optional>
#include <string>

#include <actimanager/api/node_cpu_topology.hpp>
#include <actimanager/binding/admission.hpp>

namespace actimanager::binding {

struct Surroundings {
  PodPointer pod;                  // of spec.podName, in the binding's namespace; nullptr: there is none
  bool node_exists = false;        // the Pod's node
  bool node_has_topology = false;  // its NodeCPUTopology is there and filled in
};

struct Action {
  enum class Kind {
    none,
    remove,  // its Pod has ended: delete it, if it still has the UID we saw
    status,  // write `status`
  } kind = Kind::none;
  api::PodCPUBinding::Status status;
};

Action next_action(const api::PodCPUBinding& binding, const Surroundings& surroundings, api::Time now);

// The status that the leader gives a NodeCPUTopology: NodeNotFound, NeedsSync; nullopt: nothing to say, or
// said already.
std::optional<api::NodeCPUTopology::Status> next_topology_status(const api::NodeCPUTopology& object,
                                                                 bool node_exists, api::Time now);

}  // namespace actimanager::binding

#include <fmt/format.h>

#include <actimanager/api/names.hpp>
#include <actimanager/binding/lifecycle.hpp>

namespace actimanager::binding {
namespace {

using api::BindingStatus;
using api::ConditionStatus;

Action say(const api::PodCPUBinding& binding, BindingStatus resource_status, std::string node_name,
           const char* reason, std::string message, api::Time now) {
  Action action{Action::Kind::status, binding.status};
  auto& status = action.status;
  status.resource_status = resource_status;
  status.node_name = std::move(node_name);
  status.observed_generation = binding.meta.generation;
  status.admitted.reset();
  status.containers.clear();
  status.memory_nodes.clear();
  api::set_condition(status.conditions, {"Admitted", ConditionStatus::false_, reason, std::move(message),
                                         binding.meta.generation, now});
  if (api::find_condition(status.conditions, "Applied") != nullptr) {
    api::set_condition(status.conditions,
                       {"Applied", ConditionStatus::false_, "NotAdmitted", "", binding.meta.generation, now});
  }
  if (status == binding.status) return {};
  return action;
}

}  // namespace

Action next_action(const api::PodCPUBinding& binding, const Surroundings& surroundings, api::Time now) {
  if (binding.meta.deletion_timestamp) return {};
  const auto owner = binding.owner_uid();
  const auto& pod = surroundings.pod;
  if (!owner.empty() && (!pod || pod->meta.uid != owner || pod->finished()))
    return {Action::Kind::remove, {}};
  if (!pod || pod->finished()) {
    return say(
        binding, BindingStatus::pod_not_found, "", "PodNotFound",
        pod ? fmt::format("spec.podName: Pod {} has ended", pod->meta.key())
            : fmt::format("spec.podName: there is no Pod \"{}\" in this namespace", binding.spec.pod_name),
        now);
  }
  if (pod->node_name.empty()) {
    // The scheduler binds the Pod in a moment; nobody needs to read of it.
    if (binding.is_scheduler_made()) return {};
    return say(binding, BindingStatus::pending, "", "PodNotScheduled", "the Pod has no node yet", now);
  }
  const auto* label = binding.meta.label(api::node_name_label);
  // The agent that watches it has not the Pod, and the Pod's does not watch it. The controller moves it
  // there; what is granted is let go before, by the one who may no longer say so.
  const bool in_words = !binding.is_scheduler_made() || binding.status.admitted;
  if (label != nullptr && *label != pod->node_name && in_words) {
    return say(binding, BindingStatus::pending, pod->node_name, "WrongNodeLabel",
               fmt::format("metadata.labels[{}]: the Pod is on node {}, not on {}", api::node_name_label,
                           pod->node_name, *label),
               now);
  }
  if (binding.status.admitted) return {};  // its agent has judged it, and will again
  if (!surroundings.node_has_topology) {
    return say(binding, BindingStatus::node_topology_not_found, pod->node_name, "NodeTopologyNotFound",
               fmt::format("node {} has no NodeCPUTopology{}", pod->node_name,
                           surroundings.node_exists ? ": no agent runs there" : ": there is no such node"),
               now);
  }
  return {};
}

std::optional<api::NodeCPUTopology::Status> next_topology_status(const api::NodeCPUTopology& object,
                                                                 bool node_exists, api::Time now) {
  auto status = object.status;
  if (!node_exists) {
    status.resource_status = api::TopologyStatus::node_not_found;
    api::set_condition(status.conditions,
                       {"Ready", ConditionStatus::false_, "NodeNotFound",
                        fmt::format("spec.nodeName: there is no Node \"{}\"", object.node_name),
                        object.meta.generation, now});
  } else if (!object.topology) {
    status.resource_status = api::TopologyStatus::needs_sync;
    api::set_condition(status.conditions,
                       {"Ready", ConditionStatus::false_, "NeedsSync",
                        "the node's agent has not published its topology yet", object.meta.generation, now});
  } else if (status.resource_status == api::TopologyStatus::node_not_found) {
    status.resource_status =
        api::TopologyStatus::needs_sync;  // the Node is back: its agent will say the rest
    api::set_condition(status.conditions,
                       {"Ready", ConditionStatus::false_, "NeedsSync",
                        "the node's agent has not confirmed the topology yet", object.meta.generation, now});
  }
  if (status == object.status) return std::nullopt;
  return status;
}

}  // namespace actimanager::binding

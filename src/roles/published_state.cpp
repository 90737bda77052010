#include "published_state.hpp"

#include <fmt/format.h>

namespace actimanager::roles {

api::NodeCPUTopology::Status published_status(const api::NodeCPUTopology& object,
                                              const std::string& internal_ip, const PublishedState& state,
                                              api::Time now) {
  auto status = object.status;
  status.internal_ip = internal_ip;
  status.reserved_cpus = state.reserved;
  status.allocatable = state.topology->cpus() - state.reserved;
  if (state.exclusive) status.exclusive = *state.exclusive;
  status.cgroup = state.cgroup;
  api::Condition ready{"Ready",
                       api::ConditionStatus::true_,
                       "Published",
                       "the topology is as the node's agent sees it",
                       object.meta.generation,
                       now};
  status.resource_status = api::TopologyStatus::fresh;
  if (!state.failure.empty()) {
    status.resource_status = api::TopologyStatus::failed;
    ready.status = api::ConditionStatus::false_;
    ready.reason = "DiscoveryFailed";
    ready.message = fmt::format("spec.topology is what the node's agent saw last, it cannot look anew: {}",
                                state.failure);
  }
  api::set_condition(status.conditions, std::move(ready));
  if (state.objection) {
    api::set_condition(status.conditions,
                       {"Undisturbed", api::ConditionStatus::false_, state.objection->reason,
                        state.objection->message, object.meta.generation, now});
  } else {
    std::erase_if(status.conditions, [](const api::Condition& c) { return c.type == "Undisturbed"; });
  }
  return status;
}

}  // namespace actimanager::roles

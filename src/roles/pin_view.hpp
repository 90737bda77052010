// One Pod's part of an AgentView.
#pragma once

#include <actimanager/api/pod.hpp>
#include <actimanager/binding/admission.hpp>
#include <actimanager/binding/desired.hpp>
#include <actimanager/roles/agent_view.hpp>

#include "sight.hpp"

namespace actimanager::roles {

// `verdict`: on its binding; nullptr where it has none. `status`: of that, as the API has it. `sight`:
// nullptr where the Pod has no cgroup (yet).
PinView pin_view(const api::Pod& pod, const binding::Verdict* verdict, api::BindingStatus status,
                 const binding::PodCpusets& wanted, const Sight* sight);

}  // namespace actimanager::roles

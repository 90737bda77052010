// Which taints a Pod tolerates.
#pragma once

#include <vector>

#include <actimanager/api/node.hpp>
#include <actimanager/api/pod.hpp>

namespace actimanager::scheduler {

bool tolerates(const api::Toleration& toleration, const api::Taint& taint);
bool tolerates_any(const std::vector<api::Toleration>& tolerations, const api::Taint& taint);
// A NoSchedule or NoExecute taint that the Pod does not tolerate.
bool untolerated_taint(const api::Pod& pod, const api::Node& node);

}  // namespace actimanager::scheduler

// PodDisruptionBudget (policy/v1), as far as preemption asks for it.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include <actimanager/api/json_value.hpp>
#include <actimanager/api/selector.hpp>
#include <actimanager/core/error.hpp>

namespace actimanager::api {

struct PodDisruptionBudget {
  ObjectMeta meta;
  LabelSelector selector;
  // status
  std::int32_t disruptions_allowed = 0;
  std::set<std::string, std::less<>> disrupted_pods;  // names of Pods whose eviction is counted already

  // Whether it speaks of Pods with these labels in its namespace. An empty selector speaks of none.
  bool covers(const ObjectMeta& pod) const {
    return meta.namespace_ == pod.namespace_ && !selector.requirements.empty() &&
           selector.matches(pod.labels);
  }
  // Errors: invalid_argument, naming the field.
  static Result<PodDisruptionBudget> decode(const JsonValue& object);
};

}  // namespace actimanager::api

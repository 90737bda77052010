// PriorityClasses of a cluster: what the admission of an API server makes of a Pod's priorityClassName.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <nlohmann/json.hpp>

#include <actimanager/api/json_value.hpp>
#include <actimanager/core/error.hpp>

namespace actimanager::app {

class PriorityClasses {
 public:
  // The two that every cluster has.
  PriorityClasses();

  // Errors: invalid_argument, naming the field.
  Result<void> add(const api::JsonValue& object);
  // Gives a Pod that has none its priority, and its preemptionPolicy. Errors: invalid_argument: its class is
  // not known. What is of a wrong type is left as it is, for its decoder to say.
  Result<void> apply(nlohmann::json& pod) const;

 private:
  struct Class {
    std::int64_t value = 0;
    std::string preemption_policy;  // "": as the API's default is
  };
  std::map<std::string, Class> classes_;
  std::string default_;  // for Pods that name none; "": there is none
};

}  // namespace actimanager::app

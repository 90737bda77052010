// YAML text as JSON, with the scalars that Kubernetes' YAML reader knows: plain null, booleans and numbers,
// everything quoted a string. Anchors may be used; text that expands beyond what a configuration can be is
// refused.
#pragma once

#include <string_view>

#include <nlohmann/json.hpp>

#include <actimanager/core/error.hpp>

namespace actimanager::scheduler {

// Errors: invalid_argument with line and column.
Result<nlohmann::json> yaml_to_json(std::string_view text);

}  // namespace actimanager::scheduler

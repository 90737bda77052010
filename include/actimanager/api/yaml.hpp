// YAML text as JSON, with the scalars that Kubernetes' YAML reader knows: plain null, booleans and numbers,
// everything quoted a string. Anchors may be used; text that expands beyond what it may hold is refused.
#pragma once

#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <actimanager/core/error.hpp>

namespace actimanager::api {

inline constexpr int max_yaml_values = 100'000;

// Every document that is not empty. `max_values` counts over all of them.
// Errors: invalid_argument with line and column.
Result<std::vector<nlohmann::json>> yaml_documents(std::string_view text, int max_values = max_yaml_values);

// The one document there is; null for none. Errors: as above, and more than one document.
Result<nlohmann::json> yaml_to_json(std::string_view text);

}  // namespace actimanager::api

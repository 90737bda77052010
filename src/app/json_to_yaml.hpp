// JSON as YAML for people to read and kubectl to apply: what would not be read back as the same string is
// quoted (map keys such as "0" above all), lists of numbers stand on one line.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace actimanager::app {

std::string json_to_yaml(const nlohmann::json& value);  // ends with a newline

}  // namespace actimanager::app

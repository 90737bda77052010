// JSON as text, for whoever reads or is sent it.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace actimanager::api {

// On one line where indent is negative, else a member per line. Never throws for a string that is no UTF-8,
// as a kernel or a file may say one: U+FFFD stands for what is none.
std::string json_text(const nlohmann::json& value, int indent = -1);

}  // namespace actimanager::api

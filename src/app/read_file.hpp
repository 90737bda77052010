// A whole file as text.
#pragma once

#include <string>

#include <actimanager/core/error.hpp>

namespace actimanager::app {

// Errors: not_found, naming the file.
Result<std::string> read_file(const std::string& path);

}  // namespace actimanager::app

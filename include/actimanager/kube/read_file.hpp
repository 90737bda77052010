// A whole file as text: of credentials, configurations, objects.
#pragma once

#include <string>

#include <actimanager/core/error.hpp>

namespace actimanager::kube {

// Errors: not_found, naming the file: it is not there, may not be read, or is none.
Result<std::string> read_file(const std::string& path);

}  // namespace actimanager::kube

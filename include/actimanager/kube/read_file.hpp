// A whole file as text: of credentials, configurations, objects.
#pragma once

#include <string>

#include <actimanager/core/error.hpp>

namespace actimanager::kube {

// Errors: the system's (ENOENT, EACCES, EISDIR and so on), naming the file.
Result<std::string> read_file(const std::string& path);

}  // namespace actimanager::kube

// The errno of the system call before, as an error code.
#pragma once

#include <cerrno>
#include <system_error>

namespace actimanager::host {

inline std::error_code last_error() {
  return {errno, std::generic_category()};
}

}  // namespace actimanager::host

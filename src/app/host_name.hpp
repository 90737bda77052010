#pragma once

#include <string>

namespace actimanager::app {

// This machine's, or "localhost" where it has none.
std::string host_name();

}  // namespace actimanager::app

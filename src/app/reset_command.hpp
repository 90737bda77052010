// `actimanager reset`: every Pod of this node has all CPUs again, as before any agent. For uninstalling;
// changes nothing where there is nothing to change.
#pragma once

#include <iosfwd>

#include "options.hpp"

namespace actimanager::app {

// The exit code: 0; 1 where an agent runs and --force was not given, where there is no cpuset hierarchy, or
// where the kernel refused a write or systemd cannot be asked, with a line on `err` for each.
int reset_command(const ResetOptions& options, std::ostream& out, std::ostream& err);

}  // namespace actimanager::app

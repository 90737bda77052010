// `actimanager simulate`: places a list of Pods in a cluster dump, one policy or several side by side, and
// shows where each went, what the nodes' CPUs look like and what is left.
#pragma once

#include <iosfwd>

#include "options.hpp"

namespace actimanager::app {

// The exit code: 0 (also where Pods found no place), or 1 with one line on `err`. Colours only where `colour`
// says that `out` shows them.
int simulate_command(const SimulateOptions& options, std::ostream& out, std::ostream& err,
                     bool colour = false);

}  // namespace actimanager::app

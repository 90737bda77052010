// `actimanager topology`: draws this machine (or an hwloc XML or synthetic one), or prints the
// NodeCPUTopology its agent would publish. Needs no cluster.
#pragma once

#include <iosfwd>

#include "options.hpp"

namespace actimanager::app {

// The exit code: 0, or 1 with one line on `err`. Colours only where `colour` says that `out` shows them.
int topology_command(const TopologyOptions& options, std::ostream& out, std::ostream& err,
                     bool colour = false);

}  // namespace actimanager::app

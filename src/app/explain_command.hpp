// `actimanager explain`: what every plugin says about a Pod on every node of a cluster dump, where it would
// go, and why not elsewhere.
#pragma once

#include <iosfwd>

#include "options.hpp"

namespace actimanager::app {

// The exit code: 0, or 1 with one line on `err`.
int explain_command(const ExplainOptions& options, std::ostream& out, std::ostream& err);

}  // namespace actimanager::app

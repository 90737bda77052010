// `actimanager run`: the composition root. Everything it needs is a local there, built bottom-up.
#pragma once

#include "options.hpp"

namespace actimanager::app {

// Until SIGTERM or SIGINT (exit code 0) or until a role dies (1, its cause logged). 2: the options name
// something that is not there or not right.
int run(const RunOptions& options);

}  // namespace actimanager::app

// `actimanager doctor`: one page about whether Pods can be pinned on this node, each finding with what to do
// about it. Only reads; needs no cluster.
#pragma once

#include <iosfwd>
#include <string>

#include "options.hpp"

namespace actimanager::app {

// The exit code: 0, also with warnings; 1 where Pods cannot be pinned. `root`: a recorded machine's files lie
// below it; for tests.
int doctor_command(const DoctorOptions& options, std::ostream& out, std::ostream& err,
                   const std::string& root = {});

}  // namespace actimanager::app

// `actimanager doctor`: one page about whether Pods can be pinned on this node, each finding with what to do
// about it. Only reads; needs no cluster.
#pragma once

#include <iosfwd>

#include "options.hpp"

namespace actimanager::app {

// The exit code: 0, also with warnings; 1 where Pods cannot be pinned.
int doctor_command(const DoctorOptions& options, std::ostream& out, std::ostream& err);

}  // namespace actimanager::app

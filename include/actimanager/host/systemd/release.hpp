// Release: takes the properties of Pods' units back that an agent has set (see keeper.hpp), for reset:
// systemd leaves their cpusets alone again, and keeps the quotas that were lifted.
//
// Not promised: to tell whose property it was, as for the cpusets themselves.
#pragma once

#include <string>

#include <actimanager/core/error.hpp>
#include <actimanager/host/cgroup_tree.hpp>
#include <actimanager/host/reset.hpp>

namespace actimanager::host::systemd {

// A change's `path` is the unit, its `file` the property. `dry_run`: says what it would take back. Blocks
// until all is said. Without Pods in units there is nothing to ask. Errors: the hierarchy cannot be read;
// unavailable, systemd cannot be asked.
Result<ResetReport> release_properties(CgroupTree& tree, const std::string& socket, bool dry_run);

}  // namespace actimanager::host::systemd

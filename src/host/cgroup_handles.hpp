// Open cgroups, shaped as the plan that is made for them.
#pragma once

#include <memory>
#include <vector>

#include <actimanager/host/cgroup.hpp>

namespace actimanager::host {

// A cgroup, and those of its children in the plan's order.
struct CgroupHandles {
  std::shared_ptr<Cgroup> cgroup;
  std::vector<CgroupHandles> children;
};

}  // namespace actimanager::host

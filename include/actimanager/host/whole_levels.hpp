// WholeLevels: cgroup v1's levels above Pods, after CPUs went offline. The kernel takes an offline CPU out of
// every cpuset.cpus, and puts it back into the top one alone: below a kubepods without it nobody can have it
// again. Levels that had all CPUs of the machine when first seen get it back; those that were narrower then
// are left as they are.
//
// Not promised: to let be who narrows a level later, which looks like CPUs that went and came back; or
// anything of a level whose CPUs came and went while no agent was there.
//
// Follows the kernel's Documentation/admin-guide/cgroup-v1/cpusets.rst.
#pragma once

#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include <actimanager/core/error.hpp>
#include <actimanager/host/cgroup.hpp>

namespace actimanager::host {

class WholeLevels {
 public:
  // `levels`: the top of the hierarchy, then what is below it, parents first, as CgroupTree::levels() has
  // them. Remembers which of them have all that the top has, and gives those what they lack. Returns the
  // paths of those written. Errors: the first write that the kernel refused, after trying all.
  Result<std::vector<std::string>> restore(const std::vector<std::shared_ptr<Cgroup>>& levels);

 private:
  std::unordered_set<std::string> known_, whole_;  // paths
};

}  // namespace actimanager::host

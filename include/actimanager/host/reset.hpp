// Reset: gives the cpusets of Pods and of everything below them back what their parents have, and lifted CFS
// quotas back what is remembered of them, as it was before any agent. The kubepods and QoS levels are
// nobody's to write, so they stay as they are.
//
// Not promised: to tell whose set it was. One that a kubelet with a static CPU manager or somebody else wrote
// is widened like ours. v1's memory_migrate stays on. On v2 a cgroup with processes cannot go back to
// inheriting: it gets its parent's CPUs by name, those of today.
//
// Follows the kernel's Documentation/admin-guide/cgroup-v1/cpusets.rst and cgroup-v2.rst ("Cpuset").
#pragma once

#include <string>
#include <vector>

#include <actimanager/core/cpu_set.hpp>
#include <actimanager/core/error.hpp>
#include <actimanager/host/cfs_quota.hpp>
#include <actimanager/host/cgroup_tree.hpp>
#include <actimanager/host/file_change.hpp>
#include <actimanager/host/pinning.hpp>

namespace actimanager::host {

struct ResetReport {
  // In the order of the writes. Of a cpuset `after` is as read back, and "" is as the parent.
  std::vector<FileChange> changes;
  std::vector<Error> errors;  // what the kernel refused; the others were written all the same
  int pods = 0;               // that were looked at
  CpuSet given_back;          // CPUs of partitions that ended, or would
};

// Looks, writes, and looks again until nothing is left to do. Errors: the hierarchy cannot be read.
Result<ResetReport> reset_cpusets(CgroupTree& tree);
// What that would write first, once the levels above Pods have `given_back` again.
Result<ResetReport> plan_reset_cpusets(CgroupTree& tree, const CpuSet& given_back);

// Isolated partitions that an agent has made (see partition.hpp); to be done before the cpusets. Errors: the
// hierarchy cannot be read.
Result<ResetReport> reset_partitions(CgroupTree& tree, bool dry_run);
// Likewise for CFS quotas (see cfs_quota.hpp), in whatever hierarchy has them; none is no error. `wish`:
// restore, where systemd still has to be told of what is remembered of them, else forget.
Result<ResetReport> reset_quotas(CgroupTree& tree, QuotaWish wish, bool dry_run);

// The plan, pure: a Pod's cgroup and what is below it.
struct ResetNode {
  CpusetValues has;
  bool populated = true;  // with processes, in it or below: it may not be without a set
  std::vector<ResetNode> children;
};
// Writes in order, parents first: each set is wider than before, and inside of its parent's. On v2 an empty
// set stands for none: to inherit.
std::vector<CpusetWrite> plan_reset(const ResetNode& pod, const CpusetValues& parent, CgroupVersion version);

}  // namespace actimanager::host

// Isolated partitions: CPUs that the kernel's scheduler leaves alone: no balancing between them, no unbound
// work on them, and no process of any other cgroup, whichever it is. On cgroup v2 a Pod's cgroup is made a
// remote partition: every level above it has the CPUs in its cpuset.cpus.exclusive, none of them need be a
// partition itself. That takes Linux 6.7 and CAP_SYS_ADMIN; where the kernel refuses, it says why.
//
// What we have added to an exclusive list is remembered in an attribute of its cgroup (xattr
// user.actimanager.exclusive), so that whoever comes next takes away just that. A Pod's cgroup with it is a
// partition that we have made, or have begun to make.
//
// Follows the kernel's Documentation/admin-guide/cgroup-v2.rst ("Cpuset").
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <actimanager/core/cpu_set.hpp>
#include <actimanager/core/error.hpp>
#include <actimanager/host/cgroup_tree.hpp>
#include <actimanager/host/file_change.hpp>

namespace actimanager::host {

// What cpuset.cpus.partition says: "member", "isolated", "isolated invalid (Parent is not a partition root)".
bool is_isolated(std::string_view partition);

// One cgroup's cpuset.cpus.exclusive, and which of it is ours. Pure.
struct ExclusiveList {
  CpuSet cpus, ours;
  bool operator==(const ExclusiveList&) const = default;
};
// With what is wanted in place of what was ours.
ExclusiveList next_list(const ExclusiveList& has, const CpuSet& wanted);

class Partitions {
 public:
  // `tree` outlives it, and is scanned before every call. `dry_run`: notes changes, and makes none.
  explicit Partitions(CgroupTree& tree, bool dry_run = false) : tree_(tree), dry_run_(dry_run) {}

  // Learns which Pods have partitions of ours, whoever made them; these are all Pods there are.
  void look(const std::vector<PodCgroup>& pods);
  // The CPUs of the Pod's partition; nullptr: it has none of ours.
  const CpuSet* of(const std::string& uid) const;

  // Makes the Pod's cgroup a partition of these CPUs, which its cpuset.cpus has already; nothing is written
  // where it is one. Errors: not_supported on v1; what the kernel says, in its words: the Pod is a member
  // again then, and nothing is left of the attempt.
  Result<void> enter(const PodCgroup& pod, const CpuSet& cpus);
  // Makes it a member; trim() is to follow. Errors: the errno.
  Result<void> leave(const PodCgroup& pod);
  // Its cgroup is gone, and with it its partition, but not what the levels above have for it: trim().
  void forget(const std::string& uid) { held_.erase(uid); }
  // The levels' lists keep what is wanted for the partitions there are, and what is not ours. Errors: the
  // errno.
  Result<void> trim();

  // All since the last call.
  std::vector<FileChange> take_changes() { return std::exchange(changes_, {}); }

 private:
  struct Held {
    std::string path;  // of the Pod's cgroup
    CpuSet cpus;
  };
  Result<void> make(const PodCgroup& pod, const CpuSet& cpus);
  Result<void> claim(const Cgroup& cgroup, const CpuSet& wanted);
  Result<void> write(const Cgroup& cgroup, const char* file, std::string before, std::string after);
  CpuSet wanted_below(const Cgroup& level) const;

  CgroupTree& tree_;
  bool dry_run_;
  std::map<std::string, Held> held_;  // by UID
  std::vector<FileChange> changes_;
};

}  // namespace actimanager::host

// Pinning: makes the kernel show what is wanted of one Pod's cgroups: reads, writes what differs in an order
// that the kernel accepts, reads back. What is as it should be is not written.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <actimanager/core/cpu_set.hpp>
#include <actimanager/core/error.hpp>
#include <actimanager/host/cgroup_tree.hpp>

namespace actimanager::host {

struct CpusetTarget {
  CpuSet cpus;   // not empty
  NumaSet mems;  // empty: leave as they are
  bool operator==(const CpusetTarget&) const = default;
};

struct PodTarget {
  CpusetTarget pod;
  std::map<std::string, CpusetTarget> containers;  // by container id; all others (the sandbox): the Pod's
  // Not pin()'s affair:
  bool lifts_quota = false;   // see cfs_quota.hpp
  bool is_partition = false;  // see partition.hpp
  bool operator==(const PodTarget&) const = default;
};

struct PinReport {
  struct Difference {
    std::string container;  // id; "": the Pod's own cgroup
    CpuSet had, wanted;     // CPUs; equal where only the memory nodes differed
    bool unset = false;     // v2: its file asked for no CPUs of its own
  };
  std::vector<Difference> differences;  // as first read, before anything was written
  int writes = 0;
  CpuSet pod;                                      // in force afterwards, as read back
  std::map<std::string, CpusetValues> containers;  // by container id
  bool gone = false;                               // the Pod's cgroup vanished meanwhile: no error
  std::optional<Error> error;                      // the kernel refused
  bool unready = false;  // v2: it has no cpuset files (yet), which is an error, too; nothing tells of them
  // v2: all is written, and some CPUs or memory nodes are not in force, since a level above has not got them.
  std::optional<Error> withheld;
};

// Of a Pod as it was just found. What was written is looked at again, so that no cgroup that appeared
// meanwhile is missed.
PinReport pin(CgroupTree& tree, PodCgroup pod, const PodTarget& target);

// The plan, pure: one cgroup with what it has and what it shall have, and those below it.
struct CpusetNode {
  CpusetValues has;
  CpusetTarget wants;
  std::vector<CpusetNode> children;
};
struct CpusetWrite {
  std::vector<std::size_t> node;  // path of child indexes; {}: the root
  std::optional<CpuSet> cpus;     // either CPUs
  std::optional<NumaSet> mems;    // or memory nodes
  bool operator==(const CpusetWrite&) const = default;
};
// Writes in order. v1: at each moment every child lies inside its parent: parents are widened before their
// children, narrowed after them. v2: a child that inherits is left to inherit. What children want outside of
// what their parent wants is dropped; if nothing is left they want what the parent does.
std::vector<CpusetWrite> plan_writes(const CpusetNode& root, CgroupVersion version);

}  // namespace actimanager::host

// FileChange: what was written to one file of a cgroup, or would be; also one property of systemd's unit.
#pragma once

#include <string>

namespace actimanager::host {

struct FileChange {
  std::string path;  // of the cgroup
  // "cpuset.cpus", "cpuset.mems", "cpuset.cpus.partition", "cpuset.cpus.exclusive", "cpu.max",
  // "cpu.cfs_quota_us", "AllowedCPUs"
  std::string file;
  std::string before, after;  // as in the file
  bool operator==(const FileChange&) const = default;
};

}  // namespace actimanager::host

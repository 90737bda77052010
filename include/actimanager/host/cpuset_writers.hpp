// CpusetWriters: who writes the cpusets of Pods (fanotify). It only tells who; that somebody did is
// CgroupWatcher's to tell.
//
// Not promised: a name. A process that ends right after its write may be gone before it is looked at, one
// outside of our PID namespace has no pid here (fanotify(7)), and what was written while nobody read the
// kernel's queue may have been dropped from it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include <actimanager/host/cgroup_tree.hpp>
#include <actimanager/host/writer.hpp>

namespace actimanager::host {

class CpusetWriters {
 public:
  // Errors: EPERM without CAP_SYS_ADMIN or where a sandbox forbids it, ENOSYS: do without.
  static Result<std::unique_ptr<CpusetWriters>> open();
  ~CpusetWriters();
  CpusetWriters(const CpusetWriters&) = delete;
  CpusetWriters& operator=(const CpusetWriters&) = delete;

  // The Pod and its containers, and no longer those it had before. Errors: the errno; a cgroup that is gone
  // is none.
  Result<void> watch_pod(const PodCgroup& pod);
  void forget_pod(const std::string& uid);

  // Takes note of who has written since, by name. Soon after the write, that is, while they live.
  void collect();
  // Collects; the last one other than this process who wrote a cpuset of the Pod since the last take(), and
  // where it is.
  std::optional<Writer> take(const std::string& uid);

 private:
  struct Watch {
    std::shared_ptr<Cgroup> cgroup;
    ino_t cpus, mems;  // its files
  };
  struct Pod {
    std::map<ino_t, Watch> watches;  // by the cgroup's inode
    std::optional<Writer> last;
  };
  explicit CpusetWriters(int fd) : fd_(fd) {}
  Result<void> watch(Pod& pod, const std::string& uid, const std::shared_ptr<Cgroup>& cgroup);
  void unwatch(const Watch& watch);
  void note(int file, pid_t pid);

  int fd_;
  std::unordered_map<std::string, Pod> pods_;      // by UID
  std::unordered_map<ino_t, std::string> owners_;  // UIDs by the inode of a file; the kernel gives none twice
};

}  // namespace actimanager::host

// Cgroup: one open directory of a cgroup hierarchy, v1 or v2, with its cpuset. It keeps the directory's
// descriptor and reaches every file relative to it, because cgroup paths are recycled: a handle whose cgroup
// was removed only ever says so, it never touches a newer cgroup of the same name.
//
// Not promised: that what was read still holds. Other writers (kubelet, runtimes, systemd) are not locked
// out.
//
// Follows the kernel's Documentation/admin-guide/cgroup-v1/cpusets.rst and cgroup-v2.rst ("Cpuset").
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include <actimanager/core/cpu_set.hpp>
#include <actimanager/core/error.hpp>

namespace actimanager::host {

enum class CgroupVersion { v1, v2 };
std::string_view to_string(CgroupVersion version);  // "v1", "v2"

// What the kernel's files say. On v2 `cpus` and `mems` are what was asked for (empty: as the parent) and the
// effective sets what was granted; on v1 both are the same.
struct CpusetValues {
  CpuSet cpus;
  NumaSet mems;
  CpuSet effective_cpus;
  NumaSet effective_mems;
  bool operator==(const CpusetValues&) const = default;
};

// True for the errors that mean "this cgroup has been removed": treat it as absent. One that is alive() has
// no such file: its level does not pass the controller on, or not yet.
bool is_gone(const Error& error);

class Cgroup {
 public:
  // The directory at `path`, an absolute one given by an administrator. Errors: the errno, naming the path.
  static Result<std::shared_ptr<Cgroup>> open(const std::string& path, CgroupVersion version);
  ~Cgroup();
  Cgroup(const Cgroup&) = delete;
  Cgroup& operator=(const Cgroup&) = delete;

  const std::string& path() const { return path_; }  // for people, and for inotify
  int fd() const { return fd_; }
  CgroupVersion version() const { return version_; }
  ino_t inode() const { return inode_; }
  // Whether it is the directory with this identity, rather than an older one of the same path.
  bool same_as(dev_t device, ino_t inode) const { return device_ == device && inode_ == inode; }

  // Errors: the errno with "<path>: read cpuset.cpus", see is_gone(); invalid_argument for a file that holds
  // no list.
  Result<CpusetValues> read() const;
  // Only the effective sets, which the top of the hierarchy has, too. Errors: as above.
  Result<CpusetValues> read_effective() const;

  // One write each. Precondition: not empty. Errors: the errno with "<path>: write cpuset.cpus \"0-3\"":
  // EACCES outside the parent (v1), EBUSY a child is outside (v1), ERANGE or EINVAL no such CPU or node,
  // ENOSPC, or is_gone().
  Result<void> write_cpus(const CpuSet& cpus) const;
  // Pages follow: v2 always moves them, v1 is told to (memory_migrate).
  Result<void> write_mems(const NumaSet& mems) const;

  // v2: asks for nothing of its own any more, and has what its parent has. Errors: as above; ENOSPC where it
  // is populated.
  Result<void> inherit_cpus() const;
  Result<void> inherit_mems() const;
  // Whether it has not been removed.
  bool alive() const;
  // v2: whether processes are in it or below. True where that cannot be read, and on v1.
  bool populated() const;

  // Any file of it by its name, without the newline at its end; one write. Errors: the errno, naming the
  // file.
  Result<std::string> read_file(const char* name) const;
  Result<void> write_file(const char* name, const std::string& text) const;
  // Attributes (xattr(7)) that are there for as long as the cgroup is. nullopt: it has none of this name, or
  // it cannot be read. Errors: the errno; kernels before 5.7 have none ("user.…") for cgroups.
  std::optional<std::string> attribute(const char* name) const;
  Result<void> set_attribute(const char* name, const std::string& text) const;
  Result<void> remove_attribute(const char* name) const;

  // Names of the cgroups directly below.
  Result<std::vector<std::string>> children() const;
  // A cgroup directly below. Errors: invalid_argument for anything that is not one plain path component,
  // is_gone().
  Result<std::shared_ptr<Cgroup>> open_child(const std::string& name) const;
  // The processes in this cgroup itself, as this process' PID namespace numbers them.
  Result<std::vector<pid_t>> processes() const;
  // Moves a process here, in this hierarchy, with all its threads. Errors: the errno; ENOSPC: it has no CPUs,
  // ESRCH: the process has ended.
  Result<void> attach(pid_t process) const;

 private:
  Cgroup(int fd, std::string path, CgroupVersion version, dev_t device, ino_t inode);
  static Result<std::shared_ptr<Cgroup>> open_at(int parent, const std::string& name, std::string path,
                                                 CgroupVersion version);
  enum class Holds { one_value, records };
  Result<std::string> read_file(const char* name, Holds holds) const;
  template <class Set>
  Result<void> read_set(const char* name, Set& set) const;

  int fd_;
  std::string path_;
  CgroupVersion version_;
  dev_t device_;
  ino_t inode_;
};

}  // namespace actimanager::host

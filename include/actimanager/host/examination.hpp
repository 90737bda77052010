// Examination: what this machine shows of everything that pinning Pods on it depends on, as plain data. Only
// reads. What cannot be read is empty: inside a container much of it is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <actimanager/core/cpu_set.hpp>
#include <actimanager/host/cgroup.hpp>
#include <actimanager/host/cgroup_names.hpp>

namespace actimanager::host {

struct ExaminationOptions {
  std::string cgroups_path = "/sys/fs/cgroup";
  std::string kubelet_directory = "/var/lib/kubelet";  // where no kubelet that runs says another
  std::string dbus_socket = "/run/dbus/system_bus_socket";
  CpuSet reserved;   // as the agent is to be given
  std::string root;  // put before every path: a recorded machine. "": this one
};

struct CgroupFacts {
  std::string looked_at;                    // the cgroups_path
  std::string error;                        // why no cpuset hierarchy was found
  std::optional<CgroupVersion> version;     // nullopt: there is none
  std::string hierarchy;                    // its path
  std::vector<std::string> kubepods;        // paths of the kubelets' cgroups in it
  std::vector<std::string> without_cpuset;  // v2: those of them that do not give cpuset to their Pods
  CgroupDriver driver = CgroupDriver::unknown;
  std::string not_writable;  // the path that cannot be written, and why; "": all can
  int pods = 0;
  int narrowed = 0;        // Pods that have not all CPUs that kubepods has
  bool has_agent = false;  // one runs now
};

struct KubeletFacts {
  bool running = false;  // a process that we see
  std::string policy;    // its CPU manager's: "none", "static"; "": not found
  std::string source;    // the file or flag that says so
};

struct KernelFacts {
  std::string release;       // "6.1.0-18-amd64"
  std::string command_line;  // as booted
  CpuSet online, present;
  long inotify_watches = 0;  // fs.inotify.max_user_watches; 0: not known
  long inotify_instances = 0;
};

struct Examination {
  CgroupFacts cgroups;
  KubeletFacts kubelet;
  KernelFacts kernel;
  CpuSet reserved;
  std::string topology_error;          // of hwloc
  std::vector<std::string> pinners;    // names of running programs that are known to write cpusets too
  bool systemd = false, dbus = false;  // the machine was booted by it; it can be asked
};

// Blocks for some milliseconds.
Examination examine(const ExaminationOptions& options);

}  // namespace actimanager::host

// Strays: processes of Pods in a level above Pods. On cgroup v1 the kernel moves processes there when the
// last CPU of their cgroup goes offline (Documentation/admin-guide/cgroup-v1/cpusets.rst), and never back.
// Every other controller still has them where they belong, which is how they are told apart.
//
// Not promised: to see processes outside of our PID namespace; an agent with a PID namespace of its own sees
// none.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include <actimanager/core/error.hpp>
#include <actimanager/host/cgroup_tree.hpp>

namespace actimanager::host {

// Where a process belongs: the Pod's UID, and the cgroups below the Pod's, the container's first, by name.
struct Home {
  std::string uid;
  std::vector<std::string> below;
  bool operator==(const Home&) const = default;
};

// Of the text of its /proc/PID/cgroup: the deepest place in a Pod that any hierarchy has it in; nullopt: in
// none.
std::optional<Home> home_of(std::string_view proc_cgroup);

struct Return {
  pid_t pid = 0;
  Home home;
  std::optional<Error> refused;  // by the kernel: the process is where it was
};

// Puts every process that lies in a kubepods or QoS level back into its cgroup, as far as that is there and
// has CPUs. `root`: where /proc is. Precondition: tree.scan() was called.
std::vector<Return> bring_back(CgroupTree& tree, const std::string& root = "");

}  // namespace actimanager::host

// The command line as plain data, with defaults, units and the meaning of zero.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <actimanager/core/cpu_set.hpp>
#include <actimanager/core/error.hpp>
#include <actimanager/kube/lease.hpp>

namespace actimanager::app {

struct Roles {
  bool agent = true;
  bool endpoint = true;
  bool leader = true;

  // "agent,endpoint,leader": one or more of them. Errors: invalid_argument, naming the word.
  static Result<Roles> parse(std::string_view list);
};

struct RunOptions {
  std::string node_name;  // the agent's; default: $NODE_NAME, then the host name
  std::string container_runtime = "containerd";
  std::string cgroups_path = "/sys/fs/cgroup";
  std::string dbus_socket = "/run/dbus/system_bus_socket";
  std::string cgroups_driver;  // "systemd", "cgroupfs"; "": whichever the tree shows
  std::chrono::milliseconds reconcile_period = std::chrono::minutes(1);
  std::string kubelet_directory = "/var/lib/kubelet";
  int verbosity = 3;  // 0 errors … 2 warnings, 3 one line per state change, 4 and more: debugging

  std::string kubeconfig;  // "": $KUBECONFIG, else in-cluster
  std::string config;      // KubeSchedulerConfiguration; "": the built-in profile
  std::string listen = ":8089";
  CpuSet reserved_cpus;
  Roles roles;

  std::string lease_name = "actimanager";
  std::string lease_namespace;  // "": the namespace the Pod runs in, else actimanager-system
  kube::LeaseOptions lease;     // but for the identity
};

struct TopologyOptions {
  std::string synthetic;  // hwloc synthetic description; "": not given
  std::string xml;        // hwloc XML file; "": not given
  std::string node_name;
  std::string output = "tree";  // tree, json, yaml
  bool ascii = false;
};

// Which cluster a command that changes nothing looks at: one given as files, or the one that runs.
struct ClusterSource {
  std::vector<std::string> files;  // and directories; none where it is live
  bool live = false;
  std::string kubeconfig;  // where it is live; "": kubectl's
};

struct ExplainOptions {
  ClusterSource cluster;
  std::vector<std::string> pods;  // files, or namespace/name of the dump's
  std::string profile;            // "": each Pod's schedulerName
  std::string config;             // KubeSchedulerConfiguration; "": the built-in profiles
  std::string output = "table";   // table, json
};

struct SimulateOptions {
  ClusterSource cluster;
  std::vector<std::string> pods;      // files
  std::vector<std::string> policies;  // each simulated on its own; none: as the profiles say
  std::string profile;                // "": each Pod's schedulerName
  std::string config;
  std::string output = "table";  // table, json, map
};

struct DoctorOptions {
  std::string cgroups_path = "/sys/fs/cgroup";
  std::string kubelet_directory = "/var/lib/kubelet";
  std::string dbus_socket = "/run/dbus/system_bus_socket";
  CpuSet reserved_cpus;  // as the agent is to be given
  std::string root;      // where the node's file system is mounted, put before every path; "": it is ours
  std::string output = "text";  // text, json
};

struct ResetOptions {
  std::string cgroups_path = "/sys/fs/cgroup";
  std::string dbus_socket = "/run/dbus/system_bus_socket";
  bool dry_run = false;
  bool force = false;  // also while an agent runs
};

struct Options {
  enum class Command { run, topology, explain, simulate, doctor, reset } command = Command::run;
  RunOptions run;
  TopologyOptions topology;
  ExplainOptions explain;
  SimulateOptions simulate;
  DoctorOptions doctor;
  ResetOptions reset;
};

// What to do, or what to print and the exit code to leave with (help, version, or one line about a bad flag).
struct Exit {
  int code = 0;
  std::string text;
};
std::expected<Options, Exit> parse_command_line(const std::vector<std::string>& arguments);

}  // namespace actimanager::app

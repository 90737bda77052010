#include "options.hpp"

#include <algorithm>
#include <sstream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <actimanager/core/duration.hpp>

#include "version.hpp"

namespace actimanager::app {
namespace {

// Turns our Result-returning parsers into CLI11 options: the error becomes "<flag>: <why>".
template <class T, class Parse>
CLI::Option* add_parsed(CLI::App& app, const std::string& flag, const std::string& type, T& target,
                        Parse parse, const std::string& help) {
  return app
      .add_option_function<std::string>(
          flag,
          [flag, &target, parse](const std::string& text) {
            auto value = parse(text);
            if (!value) throw CLI::ValidationError(flag, value.error().message());
            target = std::move(*value);
          },
          help)
      ->type_name(type);
}

CLI::Option* add_duration(CLI::App& app, const std::string& flag, std::chrono::milliseconds& target,
                          const std::string& help) {
  const auto at_least_one = [](const std::string& text) -> Result<std::chrono::milliseconds> {
    auto duration = parse_duration(text);
    if (duration && duration->count() == 0) return fail(Errc::invalid_argument, "must be longer than 0");
    return duration;
  };
  return add_parsed(app, flag, "DURATION", target, at_least_one, help);
}

void add_cgroups_path(CLI::App& app, std::string& path) {
  app.add_option("--cgroups-path", path, "Where the cgroup file systems are mounted")->capture_default_str();
}

void add_dbus_socket(CLI::App& app, std::string& socket) {
  app.add_option("--dbus-socket", socket,
                 "Socket of the system's D-Bus, by which systemd is told of pins on cgroup v2")
      ->capture_default_str();
}

void add_kubelet_directory(CLI::App& app, std::string& directory) {
  app.add_option("--kubelet-root-dir", directory,
                 "Where the kubelet keeps its cpu_manager_state: shows a kubelet that writes cpusets itself")
      ->capture_default_str();
}

void add_reserved_cpus(CLI::App& app, CpuSet& cpus, const std::string& help) {
  add_parsed(
      app, "--reserved-cpus", "LIST", cpus, [](const std::string& text) { return CpuSet::parse(text); },
      help);
}

void add_run(CLI::App& app, RunOptions& run) {
  app.add_option("--node-name", run.node_name, "Node this agent runs on (default: the host name)")
      ->envname("NODE_NAME");
  app.add_option("--container-runtime", run.container_runtime,
                 "containerd, docker, kind or crio; of no effect, every layout is recognised")
      ->check(CLI::IsMember({"containerd", "docker", "kind", "crio"}));
  add_cgroups_path(app, run.cgroups_path);
  add_dbus_socket(app, run.dbus_socket);
  app.add_option("--cgroups-driver", run.cgroups_driver, "systemd or cgroupfs (default: what the tree shows)")
      ->check(CLI::IsMember({"systemd", "cgroupfs"}));
  add_duration(app, "--reconcile-period", run.reconcile_period,
               "Between full reconciles without an event (1m)");
  add_kubelet_directory(app, run.kubelet_directory);
  app.add_option("-v,--verbosity", run.verbosity, "0 errors only, 3 state changes, 4 and more debugging")
      ->check(CLI::Range(0, 10))
      ->capture_default_str();
  app.add_option("--kubeconfig", run.kubeconfig,
                 "How to reach the API server (default: $KUBECONFIG, else in-cluster)");
  app.add_option("--config", run.config, "KubeSchedulerConfiguration file with the scheduler's profiles");
  app.add_option("--listen", run.listen, "Address of the HTTP endpoint")->capture_default_str();
  add_reserved_cpus(app, run.reserved_cpus, "CPUs never handed out exclusively, such as 0-1");
  add_parsed(
      app, "--roles", "LIST", run.roles, [](const std::string& text) { return Roles::parse(text); },
      "agent, endpoint, leader, with commas between (default: all)");
  app.add_option("--lease-name", run.lease_name, "Lease that elects the leader")->capture_default_str();
  app.add_option("--lease-namespace", run.lease_namespace, "Its namespace (default: this Pod's)")
      ->envname("POD_NAMESPACE");
  add_duration(app, "--lease-duration", run.lease.duration, "How long others wait for a silent leader (15s)");
  add_duration(app, "--lease-renew-deadline", run.lease.renew_deadline,
               "When a leader gives up renewing (10s)");
  add_duration(app, "--lease-retry-period", run.lease.retry_period, "Between attempts (2s)");
}

void add_output(CLI::App& app, std::string& output, const std::vector<std::string>& forms) {
  app.add_option("-o,--output", output, fmt::format("{}", fmt::join(forms, ", ")))
      ->check(CLI::IsMember(forms))
      ->capture_default_str();
}

void add_topology(CLI::App& app, TopologyOptions& topology) {
  const auto not_empty = [](const std::string& text) {
    return std::string(text.empty() ? "must not be empty" : "");
  };
  auto* synthetic = app.add_option("--synthetic", topology.synthetic,
                                   "Draw an hwloc synthetic machine, such as \"pack:2 numa:1 core:4 pu:2\"")
                        ->check(not_empty);
  app.add_option("--xml", topology.xml, "Draw the machine of an hwloc XML file")
      ->check(not_empty)
      ->excludes(synthetic);
  app.add_option("--node-name", topology.node_name,
                 "Node name in json and yaml output (default: the host name)");
  add_output(app, topology.output, {"tree", "json", "yaml"});
  app.add_flag("--ascii", topology.ascii, "Draw with ASCII characters only");
}

// What the commands share that look at a cluster and change nothing.
template <class Options>
void add_offline(CLI::App& app, Options& options) {
  auto* source = app.add_option_group("cluster");
  source->add_option("--cluster", options.cluster.files,
                     "What kubectl get -o yaml|json printed: files, directories");
  auto* live =
      source->add_flag("--live", options.cluster.live, "The cluster of the kubeconfig, as it is now");
  source->require_option(1);
  app.add_option("--kubeconfig", options.cluster.kubeconfig,
                 "Of --live (default: $KUBECONFIG, ~/.kube/config, or the Pod's own credentials)")
      ->needs(live);
  app.add_option("--profile", options.profile, "Profile to decide by (default: the Pod's schedulerName)");
  app.add_option("--config", options.config, "KubeSchedulerConfiguration with the profiles");
}

void add_explain(CLI::App& app, ExplainOptions& explain) {
  add_offline(app, explain);
  app.add_option("--pod", explain.pods, "A file with Pods, or namespace/name of one in the cluster")
      ->required();
  add_output(app, explain.output, {"table", "json"});
}

void add_simulate(CLI::App& app, SimulateOptions& simulate) {
  add_offline(app, simulate);
  app.add_option("--pods", simulate.pods, "Files with the Pods to place, in this order")->required();
  app.add_option("--policy", simulate.policies, "MaximumUtilization or Balanced; both: side by side")
      ->check(CLI::IsMember({"MaximumUtilization", "Balanced"}));
  add_output(app, simulate.output, {"table", "json", "map"});
}

void add_doctor(CLI::App& app, DoctorOptions& doctor) {
  add_cgroups_path(app, doctor.cgroups_path);
  add_kubelet_directory(app, doctor.kubelet_directory);
  add_dbus_socket(app, doctor.dbus_socket);
  add_reserved_cpus(app, doctor.reserved_cpus, "CPUs as the agent is given them, such as 0-1");
  app.add_option("--root", doctor.root,
                 "Where the node's file system is mounted, put before every path: /host")
      ->check(CLI::ExistingDirectory);
  add_output(app, doctor.output, {"text", "json"});
}

void add_reset(CLI::App& app, ResetOptions& reset) {
  add_cgroups_path(app, reset.cgroups_path);
  add_dbus_socket(app, reset.dbus_socket);
  app.add_flag("--dry-run", reset.dry_run, "Print what would be written, write nothing");
  app.add_flag("--force", reset.force, "Also while an agent runs, which will pin anew");
}

std::string one_line(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

}  // namespace

Result<Roles> Roles::parse(std::string_view list) {
  Roles roles{.agent = false, .endpoint = false, .leader = false};
  while (true) {
    const auto comma = list.find(',');
    const auto word = list.substr(0, comma);
    if (word == "agent") {
      roles.agent = true;
    } else if (word == "endpoint") {
      roles.endpoint = true;
    } else if (word == "leader") {
      roles.leader = true;
    } else {
      return fail(Errc::invalid_argument, fmt::format("\"{}\" is not one of agent, endpoint, leader", word));
    }
    if (comma == std::string_view::npos) return roles;
    list.remove_prefix(comma + 1);
  }
}

std::expected<Options, Exit> parse_command_line(const std::vector<std::string>& arguments) {
  Options options;
  CLI::App app("Fine-grained CPU management for Kubernetes Pods.", "actimanager");
  app.set_version_flag("--version", std::string("actimanager ") + version);
  app.require_subcommand(1);
  auto* run = app.add_subcommand("run", "Run on a node: pin Pods, serve the topology, lead when elected");
  auto* topology = app.add_subcommand("topology", "Draw this machine's CPUs, or print its NodeCPUTopology");
  auto* explain =
      app.add_subcommand("explain", "Say why a Pod goes where, in a cluster given as files or a live one");
  auto* simulate =
      app.add_subcommand("simulate", "Place a list of Pods in a copy of a cluster, given as files or live");
  auto* doctor =
      app.add_subcommand("doctor", "Say whether Pods can be pinned on this node, and what to do where not");
  auto* reset = app.add_subcommand("reset", "Give every Pod on this node all CPUs again, for uninstalling");
  add_run(*run, options.run);
  add_topology(*topology, options.topology);
  add_explain(*explain, options.explain);
  add_simulate(*simulate, options.simulate);
  add_doctor(*doctor, options.doctor);
  add_reset(*reset, options.reset);

  if (!arguments.empty()) {
    const auto& first = arguments[0];
    const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
    const auto wrong = [&](std::string_view what) {
      return std::unexpected(
          Exit{2, fmt::format("actimanager: {} \"{}\"; see actimanager --help\n", what, one_line(first))});
    };
    if (first.starts_with('-')) {
      if (first != "-h" && first != "--help" && first != "--version")
        return wrong("a command comes first, then its options, not");
    } else if (std::ranges::find(commands, first, &CLI::App::get_name) == commands.end()) {
      return wrong("there is no command");
    }
  }
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 takes them reversed
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream err;
    const bool asked_for = app.exit(error, out, err) == 0;  // --help, --version
    if (asked_for) return std::unexpected(Exit{0, out.str()});
    return std::unexpected(Exit{2, fmt::format("actimanager: {}\n", one_line(error.what()))});
  }
  using Command = Options::Command;
  if (topology->parsed()) options.command = Command::topology;
  if (explain->parsed()) options.command = Command::explain;
  if (simulate->parsed()) options.command = Command::simulate;
  if (doctor->parsed()) options.command = Command::doctor;
  if (reset->parsed()) options.command = Command::reset;

  if (auto timing = options.run.lease.check(); !timing)
    return std::unexpected(Exit{2, fmt::format("actimanager: --{}\n", timing.error().context)});
  return options;
}

}  // namespace actimanager::app

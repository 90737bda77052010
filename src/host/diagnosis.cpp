#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <actimanager/host/diagnosis.hpp>

namespace actimanager::host {
namespace {

// A watch for each Pod and container: 250 Pods with several containers, and the kubelet's own.
constexpr long enough_watches = 4096;
constexpr long enough_instances = 16;
// Partitions below a parent that is none ("remote"), by which a cgroup has CPUs for itself in the kernel.
constexpr std::pair partitions_since{6, 7};

Finding ok(std::string check, std::string message) {
  return {std::move(check), Severity::ok, std::move(message), {}};
}

Finding cgroups(const CgroupFacts& facts) {
  const std::string check = "cgroups";
  if (facts.version) {
    return ok(check, fmt::format("cpuset is there: {}, at {}", to_string(*facts.version), facts.hierarchy));
  }
  return {
      check, Severity::problem, facts.error,
      fmt::format(
          "v2: the kernel needs CONFIG_CPUSETS, and no cgroup_disable=cpuset; v1: mount cpuset at {}/cpuset. "
          "In a container: mount the host's /sys/fs/cgroup. Elsewhere: --cgroups-path",
          facts.looked_at)};
}

Finding kubepods(const CgroupFacts& facts) {
  const std::string check = "kubepods";
  if (!facts.version)
    return {check, Severity::problem, "not looked for: there is no cpuset hierarchy", "see cgroups"};
  if (facts.kubepods.empty()) {
    const auto why = facts.error.empty() ? "" : ": " + facts.error;
    return {check, Severity::problem, fmt::format("no kubelet's cgroup below {}{}", facts.hierarchy, why),
            "start the kubelet, with cgroupsPerQOS as is its default; inside a container, mount the host's "
            "/sys/fs/cgroup"};
  }
  if (!facts.without_cpuset.empty()) {
    return {check, Severity::problem,
            fmt::format("{} does not pass cpuset on to Pods", fmt::join(facts.without_cpuset, ", ")),
            "\"cpuset\" is missing in its cgroup.controllers or cgroup.subtree_control: add it to "
            "cgroup.subtree_control there and above; with systemd, Delegate=cpuset for who makes it"};
  }
  return ok(check, fmt::format("{}, {} driver, {} Pods", fmt::join(facts.kubepods, ", "),
                               facts.driver == CgroupDriver::unknown ? "unknown" : to_string(facts.driver),
                               facts.pods));
}

Finding writable(const CgroupFacts& facts) {
  const std::string check = "writable";
  if (facts.kubepods.empty()) return {check, Severity::note, "not tried: there is nothing to write to", {}};
  if (facts.not_writable.empty()) return ok(check, "cpusets can be written");
  return {check, Severity::problem, facts.not_writable,
          "run it as root; inside a container, mount /sys/fs/cgroup writable"};
}

Finding cpu_manager(const KubeletFacts& facts) {
  const std::string check = "CPU manager";
  if (facts.policy.empty()) {
    return {check, Severity::warning,
            "the kubelet's policy was not found: neither its state, nor it, can be seen from here",
            "run this on the node itself; the policy has to be none"};
  }
  if (facts.policy == "none") return ok(check, fmt::format("policy none ({})", facts.source));
  return {check, Severity::problem,
          fmt::format("policy {} ({}): it would write against actimanager", facts.policy, facts.source),
          "drain the node, set cpuManagerPolicy: none in the kubelet's configuration, remove its "
          "cpu_manager_state, "
          "restart it"};
}

// The CPUs of a boot parameter such as isolcpus=domain,managed_irq,2-3,8; nullopt: it is not given.
std::optional<std::string> boot_cpus(std::string_view command_line, std::string_view name) {
  std::string padded = fmt::format(" {} ", command_line);
  const auto at = padded.find(fmt::format(" {}=", name));
  if (at == std::string::npos) return std::nullopt;
  auto value = std::string_view(padded).substr(at + name.size() + 2);
  value = value.substr(0, value.find(' '));
  // Flags come first, and begin with a letter.
  while (!value.empty() && (value.front() < '0' || value.front() > '9')) {
    const auto comma = value.find(',');
    value = comma == std::string_view::npos ? std::string_view() : value.substr(comma + 1);
  }
  return std::string(value);
}

Finding boot(const KernelFacts& facts) {
  const std::string check = "boot parameters";
  const auto isolated = boot_cpus(facts.command_line, "isolcpus");
  const auto tickless = boot_cpus(facts.command_line, "nohz_full");
  if (isolated) {
    return {check, Severity::warning,
            fmt::format(
                "isolcpus={}: the kernel does not spread threads over these CPUs, so that several threads "
                "pinned there stay on one{}",
                *isolated, tickless ? fmt::format("; nohz_full={}", *tickless) : ""),
            "boot without isolcpus, or bind only Pods there that place their own threads"};
  }
  if (tickless) {
    return {check, Severity::note, fmt::format("nohz_full={}: made for one thread per CPU", *tickless), {}};
  }
  return ok(check, "neither isolcpus nor nohz_full");
}

Finding cpus(const Examination& machine) {
  const std::string check = "CPUs";
  const auto offline = machine.kernel.present - machine.kernel.online;
  if (offline.empty()) return ok(check, fmt::format("{} online", machine.kernel.online.to_string()));
  return {check, Severity::warning,
          fmt::format("{} online, {} offline", machine.kernel.online.to_string(), offline.to_string()),
          "echo 1 > /sys/devices/system/cpu/cpuN/online, if they are meant to be used"};
}

Finding reserved(const Examination& machine) {
  const std::string check = "reserved CPUs";
  const auto& online = machine.kernel.online;
  const auto& present = machine.kernel.present;
  if (machine.reserved.empty()) return ok(check, "none");
  const auto text = machine.reserved.to_string();
  if (const auto absent = machine.reserved - present; !absent.empty()) {
    return {check, Severity::problem,
            fmt::format("--reserved-cpus={}: there is no CPU {}", text, absent.to_string()),
            fmt::format("name some of {}", present.to_string())};
  }
  if (const auto offline = machine.reserved - online; !offline.empty()) {
    return {check, Severity::warning,
            fmt::format("--reserved-cpus={}: CPU {} is not online", text, offline.to_string()),
            fmt::format("name some of {}, if it is to stay offline", online.to_string())};
  }
  if (machine.reserved == online) {
    return {check, Severity::warning, fmt::format("--reserved-cpus={}: no CPU is left to be exclusive", text),
            "reserve fewer"};
  }
  return ok(check, text);
}

Finding topology(const Examination& machine) {
  if (machine.topology_error.empty()) return ok("topology", "hwloc can tell it");
  return {"topology", Severity::problem, machine.topology_error,
          "inside a container, mount /sys; HWLOC_XMLFILE can name a description of the machine (lstopo "
          "machine.xml)"};
}

Finding inotify(const KernelFacts& facts) {
  const std::string check = "inotify";
  if (facts.inotify_watches == 0) return {check, Severity::note, "the limits cannot be read", {}};
  const auto limits = fmt::format("max_user_watches {}, max_user_instances {}", facts.inotify_watches,
                                  facts.inotify_instances);
  if (facts.inotify_watches >= enough_watches && facts.inotify_instances >= enough_instances)
    return ok(check, limits);
  return {check, Severity::warning, limits + ": may be too few for the Pods and containers of a full node",
          fmt::format("sysctl fs.inotify.max_user_watches={} fs.inotify.max_user_instances={}, or more",
                      65536, 128)};
}

Finding others(const Examination& machine) {
  const std::string check = "other pinning";
  if (!machine.pinners.empty()) {
    return {check, Severity::warning,
            fmt::format("{} runs here and writes cpusets, too", fmt::join(machine.pinners, ", ")),
            "keep one of them"};
  }
  const auto& facts = machine.cgroups;
  if (facts.has_agent)
    return ok(check, fmt::format("an agent of actimanager runs, {} Pods have fewer CPUs than kubepods",
                                 facts.narrowed));
  if (facts.narrowed == 0) return ok(check, "no Pod is pinned");
  return {check, Severity::warning,
          fmt::format(
              "{} Pods have fewer CPUs than kubepods, and no agent runs: somebody else pins, or an agent did",
              facts.narrowed),
          "if it was actimanager and is not to return: actimanager reset"};
}

Finding systemd(const Examination& machine) {
  const std::string check = "systemd";
  if (!machine.systemd) return ok(check, "does not run here, or cannot be seen");
  if (machine.cgroups.version != CgroupVersion::v2) return ok(check, "leaves cpuset alone on cgroup v1");
  if (machine.cgroups.driver == CgroupDriver::cgroupfs)
    return ok(check, "leaves Pods alone: they are not its units (cgroupfs driver)");
  if (machine.dbus) return ok(check, "can be told of pins: D-Bus answers");
  return {check, Severity::warning,
          "D-Bus does not answer: systemd cannot be told of pins, and may rewrite cpusets of Pods at a "
          "daemon-reload or a change of their units; the agent puts them back",
          "start dbus; inside a container, mount the host's /run/dbus (read-only is enough)"};
}

Finding kernel(const KernelFacts& facts) {
  const std::string check = "kernel";
  int major = 0, minor = 0;
  const char* end = facts.release.data() + facts.release.size();
  const auto dot = std::from_chars(facts.release.data(), end, major).ptr;
  if (dot != end) std::from_chars(dot + 1, end, minor);
  if (std::pair(major, minor) >= partitions_since) return ok(check, facts.release);
  return {check,
          Severity::note,
          fmt::format("{}: pinning works; cpuset partitions below kubepods need {}.{}",
                      facts.release.empty() ? "unknown" : facts.release, partitions_since.first,
                      partitions_since.second),
          {}};
}

}  // namespace

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::ok:
      return "ok";
    case Severity::note:
      return "note";
    case Severity::warning:
      return "warning";
    case Severity::problem:
      break;
  }
  return "problem";
}

std::vector<Finding> diagnose(const Examination& machine) {
  return {cgroups(machine.cgroups),  kubepods(machine.cgroups),
          writable(machine.cgroups), cpu_manager(machine.kubelet),
          topology(machine),         cpus(machine),
          reserved(machine),         boot(machine.kernel),
          inotify(machine.kernel),   others(machine),
          systemd(machine),          kernel(machine.kernel)};
}

bool can_pin(const std::vector<Finding>& findings) {
  return std::ranges::none_of(findings, [](const Finding& f) { return f.severity == Severity::problem; });
}

}  // namespace actimanager::host

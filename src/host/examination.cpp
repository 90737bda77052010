#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/format.h>

#include <actimanager/host/cgroup_tree.hpp>
#include <actimanager/host/discovery.hpp>
#include <actimanager/host/examination.hpp>
#include <actimanager/host/presence.hpp>

#include "system_files.hpp"

namespace actimanager::host {
namespace {

// By the name the kernel keeps, its first 15 characters.
constexpr std::array<std::string_view, 4> known_pinners{"koordlet", "cri-resmgr", "nri-resource-po", "numad"};

std::string_view name_of(const Cgroup& cgroup) {
  return std::string_view(cgroup.path()).substr(cgroup.path().rfind('/') + 1);
}

bool lists(const std::string& path, std::string_view word) {
  const auto text = read_text(path).value_or("");
  return fmt::format(" {} ", text).find(fmt::format(" {} ", word)) != std::string::npos;
}

// Why this file cannot be written; "": it can.
std::string why_not_writable(const std::string& path) {
  if (::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0) return {};
  return fmt::format("{}: {}", path, std::strerror(errno));
}

void look_at_pods(CgroupTree& tree, CgroupFacts& facts) {
  const auto pods = tree.scan();
  if (!pods) {
    facts.error = pods.error().message();
    return;
  }
  CpuSet widest;
  for (const auto& level : tree.levels()) {
    if (!is_kubepods(name_of(*level))) continue;
    const auto& path = level->path();
    facts.kubepods.push_back(path);
    const bool has =
        tree.version() == CgroupVersion::v1 ||
        (lists(path + "/cgroup.controllers", "cpuset") && lists(path + "/cgroup.subtree_control", "cpuset"));
    if (!has) facts.without_cpuset.push_back(path);
    if (facts.not_writable.empty()) facts.not_writable = why_not_writable(path + "/cpuset.cpus");
    if (const auto values = level->read()) widest |= values->effective_cpus;
    if (facts.driver == CgroupDriver::unknown) {
      facts.driver = path.ends_with(".slice") ? CgroupDriver::systemd : CgroupDriver::cgroupfs;
    }
  }
  facts.pods = static_cast<int>(pods->size());
  for (const auto& pod : *pods) {
    const auto& path = pod.cgroup->path();
    if (const auto values = pod.cgroup->read()) {
      if (!values->effective_cpus.includes(widest)) ++facts.narrowed;
    } else if (auto level = path.substr(0, path.rfind('/'));
               pod.cgroup->alive() &&
               std::ranges::find(facts.without_cpuset, level) == facts.without_cpuset.end()) {
      facts.without_cpuset.push_back(std::move(level));
    }
  }
}

CgroupFacts look_at_cgroups(const ExaminationOptions& options) {
  CgroupFacts facts;
  facts.looked_at = options.root + options.cgroups_path;
  auto tree = CgroupTree::open({.path = facts.looked_at});
  if (!tree) {
    facts.error = tree.error().context;
    return facts;
  }
  facts.version = tree->version();
  facts.hierarchy = tree->root().path();
  look_at_pods(*tree, facts);
  // By a handle of its own, closed at once, so that no agent that starts meanwhile takes us for a reset.
  if (auto root = Cgroup::open(facts.hierarchy, *facts.version)) {
    const auto alone = claim_without_agent(**root);
    facts.has_agent = alone && !*alone;
  }
  return facts;
}

KubeletFacts look_at_kubelet(const std::string& root, std::string directory,
                             const std::vector<Process>& running) {
  KubeletFacts facts;
  std::string config = "/var/lib/kubelet/config.yaml";
  std::optional<std::string> flag;
  bool configured = false;
  const auto kubelet = std::ranges::find(running, "kubelet", &Process::name);
  if (kubelet != running.end()) {
    facts.running = true;
    const auto& arguments = kubelet->arguments;
    if (auto given = flag_value(arguments, "--root-dir")) directory = std::move(*given);
    if (auto given = flag_value(arguments, "--config")) {
      config = std::move(*given);
      configured = true;
    }
    flag = flag_value(arguments, "--cpu-manager-policy");
  }
  // The state names the policy in force: a kubelet does not start with another one.
  const auto from_file = [&](const std::string& path, const char* key) {
    const auto text = read_text(root + path);
    auto word = text ? word_after_key(*text, key) : std::nullopt;
    if (!word) return false;
    facts.policy = std::move(*word);
    facts.source = path;
    return true;
  };
  if (from_file(directory + "/cpu_manager_state", "policyName")) return facts;
  if (flag) {
    facts.policy = std::move(*flag);
    facts.source = "--cpu-manager-policy";
    return facts;
  }
  // A configuration that we may not read says nothing, and not that it is the default.
  const bool readable = !configured || read_text(root + config).has_value();
  if (!from_file(config, "cpuManagerPolicy") && facts.running && readable) {
    facts.policy = "none";
    facts.source = "its default";
  }
  return facts;
}

long number(const std::string& path) {
  const auto text = read_text(path).value_or("");
  long value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

KernelFacts look_at_kernel(const std::string& root) {
  const auto list = [&](const char* name) {
    const auto text = read_text(root + "/sys/devices/system/cpu/" + name);
    auto set = text ? CpuSet::parse(*text) : Result<CpuSet>();
    return set ? std::move(*set) : CpuSet();
  };
  return {.release = read_text(root + "/proc/sys/kernel/osrelease").value_or(""),
          .command_line = read_text(root + "/proc/cmdline").value_or(""),
          .online = list("online"),
          .present = list("present"),
          .inotify_watches = number(root + "/proc/sys/fs/inotify/max_user_watches"),
          .inotify_instances = number(root + "/proc/sys/fs/inotify/max_user_instances")};
}

bool answers(const std::string& path) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  if (path.size() >= sizeof address.sun_path) return false;
  std::ranges::copy(path, address.sun_path);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const bool connected = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return connected;
}

}  // namespace

Examination examine(const ExaminationOptions& options) {
  const auto& root = options.root;
  const auto running = processes(root);
  Examination machine{.cgroups = look_at_cgroups(options),
                      .kubelet = look_at_kubelet(root, options.kubelet_directory, running),
                      .kernel = look_at_kernel(root),
                      .reserved = options.reserved,
                      .topology_error = {},
                      .pinners = {},
                      .systemd = std::filesystem::is_directory(root + "/run/systemd/system"),
                      .dbus = answers(root + options.dbus_socket)};
  for (const auto name : known_pinners)
    if (std::ranges::find(running, name, &Process::name) != running.end()) machine.pinners.emplace_back(name);
  if (auto topology = discover(); !topology) machine.topology_error = topology.error().message();
  return machine;
}

}  // namespace actimanager::host

#include <algorithm>

#include <fmt/format.h>

#include <actimanager/host/strays.hpp>

#include "system_files.hpp"

namespace actimanager::host {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const auto part = text.substr(0, text.find(separator));
    if (!part.empty()) parts.push_back(part);
    text.remove_prefix(std::min(part.size() + 1, text.size()));
  }
  return parts;
}

std::shared_ptr<Cgroup> find(CgroupTree& tree, const Home& home) {
  const auto pod = tree.find_pod(home.uid);
  if (!pod) return nullptr;
  auto at = pod->cgroup;
  for (const auto& name : home.below) {
    auto child = at->open_child(name);
    if (!child) return nullptr;
    at = std::move(*child);
  }
  return at;
}

}  // namespace

std::optional<Home> home_of(std::string_view proc_cgroup) {
  std::optional<Home> deepest;
  for (const auto line : split(proc_cgroup, '\n')) {
    // "4:memory:/kubepods/…"; a path may have colons.
    const auto number = line.find(':');
    const auto controllers = number == line.npos ? line.npos : line.find(':', number + 1);
    if (controllers == line.npos) continue;
    const auto names = split(line.substr(controllers + 1), '/');
    const auto kubepods = std::ranges::find_if(names, is_kubepods);
    const auto pod =
        std::find_if(kubepods, names.end(), [](auto name) { return parse_pod_name(name).has_value(); });
    if (pod == names.end()) continue;
    Home home{parse_pod_name(*pod)->uid, {pod + 1, names.end()}};
    if (!deepest || deepest->below.size() < home.below.size()) deepest = std::move(home);
  }
  return deepest;
}

std::vector<Return> bring_back(CgroupTree& tree, const std::string& root) {
  std::vector<Return> returns;
  for (const auto& level : tree.levels()) {
    if (!tree.has_pods(*level)) continue;  // there are others' processes
    const auto pids = level->processes();
    if (!pids) continue;
    for (const auto pid : *pids) {
      auto home = home_of(read_text(fmt::format("{}/proc/{}/cgroup", root, pid)).value_or(""));
      if (!home || home->below.empty()) continue;  // it has ended, or is nobody's
      const auto cgroup = find(tree, *home);
      if (!cgroup) continue;
      auto attached = cgroup->attach(pid);
      returns.push_back(
          {pid, std::move(*home), attached ? std::nullopt : std::optional(std::move(attached.error()))});
    }
  }
  return returns;
}

}  // namespace actimanager::host

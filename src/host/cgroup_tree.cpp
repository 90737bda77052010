#include <actimanager/host/cgroup_tree.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace actimanager::host {
namespace {

constexpr int max_depth_above_pods = 6;
constexpr int max_depth_in_container = 8;

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

bool has_cpuset_controller(const std::string& path) {
  std::ifstream file(path + "/cgroup.controllers");
  std::string controller;
  while (file >> controller)
    if (controller == "cpuset") return true;
  return false;
}

}  // namespace

Result<CgroupTree> CgroupTree::open(CgroupTreeOptions options) {
  while (options.path.size() > 1 && options.path.ends_with('/')) options.path.pop_back();
  const auto& path = options.path;
  const auto tree = [&](const std::string& root, CgroupVersion version) -> Result<CgroupTree> {
    auto cgroup = Cgroup::open(root, version);
    if (!cgroup) return fail(std::move(cgroup.error()));
    return CgroupTree(std::move(*cgroup), version, options);
  };
  // On a hybrid host the controller is in v1 unless v2 says that it has it.
  for (const auto& root : {path, path + "/unified"})
    if (has_cpuset_controller(root)) return tree(root, CgroupVersion::v2);
  for (const auto& root : {path + "/cpuset", path})
    if (exists(root + "/cpuset.cpus") && !exists(root + "/cgroup.controllers")) return tree(root, CgroupVersion::v1);
  return fail(Errc::not_found,
              fmt::format("no cpuset controller below {} (looked for cgroup.controllers with \"cpuset\" there and in "
                          "unified, and for cpuset.cpus there and in cpuset)",
                          path));
}

std::shared_ptr<Cgroup> CgroupTree::child(const Cgroup& parent, const std::string& name) {
  const auto path = parent.path() + "/" + name;
  if (const auto it = known_.find(path); it != known_.end()) {
    struct stat status{};
    if (::stat(path.c_str(), &status) == 0 && it->second->same_as(status.st_dev, status.st_ino)) {
      return seen_[path] = it->second;
    }
  }
  auto opened = parent.open_child(name);
  if (!opened) return nullptr;
  return seen_[path] = *opened;
}

void CgroupTree::walk(const std::shared_ptr<Cgroup>& level, int depth, bool inside_kubepods,
                      std::vector<std::pair<PodName, std::shared_ptr<Cgroup>>>& pods) {
  const auto names = level->children();
  if (!names) return;
  levels_.push_back(level);
  for (const auto& name : *names) {
    if (inside_kubepods) {
      if (auto pod = parse_pod_name(name)) {
        const bool wanted = options_.driver == CgroupDriver::unknown || options_.driver == pod->driver;
        if (auto cgroup = wanted ? child(*level, name) : nullptr) pods.emplace_back(std::move(*pod), std::move(cgroup));
        continue;
      }
    }
    const bool kubepods = is_kubepods(name);
    // Above kubepods it may be anywhere; inside there are only the QoS levels.
    if (depth >= max_depth_above_pods || (inside_kubepods && !is_qos_class(name) && !kubepods)) continue;
    if (auto cgroup = child(*level, name)) walk(cgroup, depth + 1, inside_kubepods || kubepods, pods);
  }
}

std::vector<NestedCgroup> CgroupTree::nested_of(const Cgroup& cgroup, int depth) {
  std::vector<NestedCgroup> nested;
  const auto names = depth < max_depth_in_container ? cgroup.children() : std::vector<std::string>();
  if (!names) return nested;
  for (const auto& name : *names) {
    auto inner = child(cgroup, name);
    if (!inner) continue;
    auto below = nested_of(*inner, depth + 1);
    nested.push_back({std::move(inner), std::move(below)});
  }
  return nested;
}

PodCgroup CgroupTree::fill(std::string uid, std::shared_ptr<Cgroup> cgroup) {
  PodCgroup pod{std::move(uid), std::move(cgroup), {}};
  const auto names = pod.cgroup->children();
  if (!names) return pod;
  for (const auto& name : *names) {
    auto container = child(*pod.cgroup, name);
    if (!container) continue;
    // What has no container's name (a runtime's helper) is kept on the Pod's CPUs like a container.
    auto nested = nested_of(*container, 0);
    pod.containers.push_back({parse_container_name(name).value_or(name), std::move(container), std::move(nested)});
  }
  std::ranges::sort(pod.containers, {}, &ContainerCgroup::id);
  return pod;
}

Result<std::vector<PodCgroup>> CgroupTree::scan() {
  if (auto readable = root_->children(); !readable) return fail(std::move(readable.error()));
  levels_.clear();
  seen_.clear();
  std::vector<std::pair<PodName, std::shared_ptr<Cgroup>>> found;
  walk(root_, 0, false, found);
  std::vector<PodCgroup> pods;
  pods.reserve(found.size());
  for (auto& [name, cgroup] : found) {
    driver_ = name.driver;
    pods.push_back(fill(std::move(name.uid), std::move(cgroup)));
  }
  known_ = std::exchange(seen_, {});
  return pods;
}

std::optional<PodCgroup> CgroupTree::find_pod(std::string_view uid) {
  // The levels of the last scan are where Pods appear.
  seen_.clear();
  for (const auto& level : levels_) {
    const auto names = level->children();
    if (!names) continue;
    for (const auto& name : *names) {
      auto parsed = parse_pod_name(name);
      if (!parsed || parsed->uid != uid) continue;
      if (options_.driver != CgroupDriver::unknown && options_.driver != parsed->driver) continue;
      auto cgroup = child(*level, name);
      if (!cgroup) continue;
      driver_ = parsed->driver;
      auto pod = fill(std::move(parsed->uid), std::move(cgroup));
      for (auto& [path, seen] : seen_) known_.insert_or_assign(path, std::move(seen));  // what this walk did not meet stays known
      return pod;
    }
  }
  return std::nullopt;
}

}  // namespace actimanager::host

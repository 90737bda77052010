#include <algorithm>
#include <fcntl.h>
#include <fstream>
#include <ranges>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <actimanager/host/cgroup_tree.hpp>

namespace actimanager::host {
namespace {

constexpr int max_depth_above_pods = 6;
constexpr int max_depth_in_container = 8;

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

// Not of the cgroup, but of this process or machine.
bool is_exhaustion(const Error& error) {
  return error.code == std::errc::too_many_files_open ||
         error.code == std::errc::too_many_files_open_in_system || error.code == std::errc::not_enough_memory;
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
    if (exists(root + "/cpuset.cpus") && !exists(root + "/cgroup.controllers"))
      return tree(root, CgroupVersion::v1);
  return fail(
      Errc::not_found,
      fmt::format("no cpuset controller below {} (looked for cgroup.controllers with \"cpuset\" there and in "
                  "unified, and for cpuset.cpus there and in cpuset)",
                  path));
}

Result<CgroupTree> CgroupTree::beside_with_cpu() const {
  const auto& path = root_->path();
  const std::string_view name = "/cpuset";
  auto at = path.find(name);
  while (at != std::string::npos && at + name.size() < path.size() && path[at + name.size()] != '/')
    at = path.find(name, at + 1);
  for (const auto* controllers : {"/cpu", "/cpu,cpuacct", "/cpuacct,cpu"}) {
    if (at == std::string::npos) break;
    auto other = path;
    other.replace(at, name.size(), controllers);
    if (!exists(other + "/cpu.cfs_quota_us")) continue;
    auto cgroup = Cgroup::open(other, version_);
    if (!cgroup) return fail(std::move(cgroup.error()));
    return CgroupTree(std::move(*cgroup), version_, options_);
  }
  return fail(Errc::not_found, fmt::format("no cpu controller beside {}", path));
}

const std::shared_ptr<Cgroup>* ContainerCgroup::inner() const {
  const auto it = std::ranges::find_if(
      nested, [](const auto& each) { return each.cgroup->path().ends_with("/container"); });
  return it == nested.end() ? nullptr : &it->cgroup;
}

std::shared_ptr<Cgroup> CgroupTree::child(const Cgroup& parent, const std::string& name) {
  const auto path = parent.path() + "/" + name;
  if (const auto it = known_.find(path); it != known_.end()) {
    struct stat status{};
    if (::fstatat(parent.fd(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        it->second->same_as(status.st_dev, status.st_ino)) {
      return seen_[path] = it->second;
    }
  }
  auto opened = parent.open_child(name);
  if (!opened) {
    note(opened.error());
    return nullptr;
  }
  return seen_[path] = *opened;
}

bool CgroupTree::has_pods(const Cgroup& level) const {
  const auto below = std::string_view(level.path()).substr(root_->path().size());
  return std::ranges::any_of(std::views::split(below, '/'), [](const auto& part) {
    return is_kubepods(std::string_view(part.begin(), part.end()));
  });
}

// Why it walks: docs/decisions/0003-walk-the-cgroups.md
bool CgroupTree::walk(const std::shared_ptr<Cgroup>& level, int depth, bool inside_kubepods,
                      std::vector<FoundPod>& pods) {
  const auto names = level->children();
  if (!names) {
    note(names.error());
    return false;
  }
  bool leads_to_pods = inside_kubepods;
  const auto place = levels_.size();
  for (const auto& name : *names) {
    if (inside_kubepods) {
      if (auto pod = parse_pod_name(name)) {
        const bool wanted = options_.driver == CgroupDriver::unknown || options_.driver == pod->driver;
        if (auto cgroup = wanted ? child(*level, name) : nullptr) {
          pods.push_back({std::move(*pod), level, name, std::move(cgroup)});
        }
        continue;
      }
    }
    const bool kubepods = is_kubepods(name);
    // Above kubepods it may be anywhere; inside there are only the QoS levels.
    if (depth >= max_depth_above_pods || (inside_kubepods && !is_qos_class(name) && !kubepods)) continue;
    auto cgroup = level->open_child(name);
    if (!cgroup) note(cgroup.error());
    if (cgroup && walk(*cgroup, depth + 1, inside_kubepods || kubepods, pods)) leads_to_pods = true;
  }
  // The top counts too: a kubelet makes its first cgroup there, or below one that is there.
  if (leads_to_pods || depth == 0)
    levels_.insert(levels_.begin() + static_cast<std::ptrdiff_t>(place), level);
  return leads_to_pods;
}

std::vector<NestedCgroup> CgroupTree::nested_of(const Cgroup& cgroup, int depth) {
  std::vector<NestedCgroup> nested;
  const auto names = depth < max_depth_in_container ? cgroup.children() : std::vector<std::string>();
  if (!names) {
    note(names.error());
    return nested;
  }
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
  if (!names) {
    note(names.error());
    return pod;
  }
  for (const auto& name : *names) {
    auto container = child(*pod.cgroup, name);
    if (!container) continue;
    // What has no container's name (a runtime's helper) is kept on the Pod's CPUs like a container.
    auto nested = nested_of(*container, 0);
    pod.containers.push_back(
        {parse_container_name(name).value_or(name), std::move(container), std::move(nested)});
  }
  std::ranges::sort(pod.containers, {}, &ContainerCgroup::id);
  return pod;
}

void CgroupTree::note(const Error& error) {
  if (is_exhaustion(error)) exhaustion_ = error;
}

Result<std::vector<PodCgroup>> CgroupTree::scan() {
  if (auto readable = root_->children(); !readable) return fail(std::move(readable.error()));
  auto levels = std::exchange(levels_, {});
  auto places = std::exchange(places_, {});
  seen_.clear();
  exhaustion_.reset();
  std::vector<FoundPod> found;
  walk(root_, 0, false, found);
  std::vector<PodCgroup> pods;
  pods.reserve(found.size());
  for (auto& pod : found) {
    driver_ = pod.name.driver;
    places_.insert_or_assign(pod.name.uid, Place{std::move(pod.level), std::move(pod.directory)});
    pods.push_back(fill(std::move(pod.name.uid), std::move(pod.cgroup)));
  }
  if (exhaustion_) {  // who was left out is not gone
    levels_ = std::move(levels);
    places_ = std::move(places);
    // It must not be the handles of what has gone that use up all there are.
    std::erase_if(known_, [](const auto& entry) { return !entry.second->alive(); });
    return fail(*exhaustion_);
  }
  known_ = std::exchange(seen_, {});
  return pods;
}

std::optional<PodCgroup> CgroupTree::pod_at(const std::shared_ptr<Cgroup>& level, const std::string& name,
                                            std::string_view uid) {
  const auto parsed = parse_pod_name(name);
  if (!parsed || parsed->uid != uid) return std::nullopt;
  if (options_.driver != CgroupDriver::unknown && options_.driver != parsed->driver) return std::nullopt;
  seen_.clear();
  auto cgroup = child(*level, name);
  if (!cgroup) return std::nullopt;
  driver_ = parsed->driver;
  places_.insert_or_assign(parsed->uid, Place{level, name});
  auto pod = fill(parsed->uid, std::move(cgroup));
  if (exhaustion_) return std::nullopt;
  // What this walk did not meet stays known.
  for (auto& [path, seen] : seen_) known_.insert_or_assign(path, std::move(seen));
  return pod;
}

std::optional<PodCgroup> CgroupTree::find_pod(std::string_view uid) {
  exhaustion_.reset();
  if (const auto it = places_.find(std::string(uid)); it != places_.end()) {
    const auto place = it->second;
    if (auto pod = pod_at(place.level, place.name, uid); pod || exhaustion_) return pod;
    places_.erase(std::string(uid));
  }
  // The levels of the last scan are where Pods appear.
  for (const auto& level : levels_) {
    if (!has_pods(*level)) continue;
    const auto names = level->children();
    if (!names) {
      note(names.error());
      continue;
    }
    for (const auto& name : *names) {
      if (auto pod = pod_at(level, name, uid)) return pod;
    }
  }
  return std::nullopt;
}

}  // namespace actimanager::host

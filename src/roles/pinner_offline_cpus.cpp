// Pinner, where CPUs go offline and come back on cgroup v1: there the kernel takes them out of cpusets for
// good.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <actimanager/host/strays.hpp>

#include "pinner.hpp"

namespace actimanager::roles {

void Pinner::restore_levels() {
  const auto written = whole_levels_.restore(tree_.levels());
  const auto failure = written ? std::string() : written.error().message();
  if (written) {
    for (const auto& path : *written) log_.info("{}: has the CPUs again that came back", path);
  } else if (failure != levels_failure_) {
    log_.error("{}", failure);
  }
  levels_failure_ = failure;
}

// On v1 a cgroup with processes cannot be without CPUs: where one is found so, its last CPU went offline, and
// its processes are somewhere else.
void Pinner::note_emptied(Pod& pod, host::PinReport& report) {
  for (const auto& difference : report.differences) {
    const auto before = pod.sight.containers.find(difference.container);
    const bool new_one = before == pod.sight.containers.end() || before->second.effective_cpus.empty();
    if (difference.had.empty() && !new_one) pod.emptied.insert(difference.container);
  }
  std::erase_if(pod.emptied, [&](const auto& id) { return !report.containers.contains(id); });
  if (!pod.emptied.empty()) bring_back();
  if (pod.emptied.empty() || report.error) return;
  report.error =
      Error{Errc::unavailable,
            fmt::format("container {}: its last CPU went offline, and the kernel moved its processes to the "
                        "level of all Pods, from where this agent may not move them back: restart the Pod",
                        pod.emptied.begin()->substr(0, 12))};
}

void Pinner::bring_back() {
  for (const auto& [pid, home, refused] : host::bring_back(tree_)) {
    if (refused) {
      // Of a Pod that has its CPUs not yet: it is looked at when it has.
      log_.debug("Pod {}: process {}: {}", home.uid, pid, refused->message());
      continue;
    }
    log_.warn("Pod {}: process {} is back in its cgroup: its last CPU had gone offline", home.uid, pid);
    const auto container = host::parse_container_name(home.below.front()).value_or(home.below.front());
    if (const auto pod = pods_.find(home.uid); pod != pods_.end()) pod->second.emptied.erase(container);
  }
}

// On v1 it is the kernel that takes CPUs out of cpusets which go offline, and it may be seen there before the
// topology is known anew.
bool Pinner::went_offline(const host::PinReport::Difference& difference) const {
  if (tree_.version() != host::CgroupVersion::v1) return false;
  const auto lost = difference.wanted - difference.had;
  const auto online = tree_.root().read();
  return online && !lost.empty() && !lost.intersects(online->cpus) &&
         difference.wanted.includes(difference.had);
}

}  // namespace actimanager::roles

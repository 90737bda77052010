#include "unit.hpp"

#include <fmt/format.h>

#include <actimanager/host/cfs_quota.hpp>

namespace actimanager::host::systemd {
namespace {

std::string_view name_of(const Cgroup& cgroup) {
  const auto slash = cgroup.path().rfind('/');
  return std::string_view(cgroup.path()).substr(slash + 1);
}

// As pin() narrows a container's share, inside of the Pod's; none where that makes it the Pod's.
template <class Set>
Set narrower(const Set& pod, const Set& container) {
  auto set = container & pod;
  return set == pod ? Set() : set;
}

Allowed of_container(const PodTarget& target, const std::string& id) {
  const auto own = target.containers.find(id);
  if (own == target.containers.end()) return {};
  return {narrower(target.pod.cpus, own->second.cpus), narrower(target.pod.mems, own->second.mems), {}};
}

std::optional<std::uint64_t> quota_of(const Cgroup& cgroup, const PodTarget* target) {
  const auto remembered = remembered_quota(cgroup);
  if (!remembered) return std::nullopt;
  return target != nullptr && target->lifts_quota ? unlimited : per_second(*remembered);
}

}  // namespace

bool satisfies(const Allowed& has, const Allowed& wants) {
  return has.cpus == wants.cpus && has.mems == wants.mems && (!wants.quota || has.quota == wants.quota);
}

std::optional<std::string> unit_of_pod(std::string_view directory) {
  const auto pod = parse_pod_name(directory);
  if (!pod || pod->driver != CgroupDriver::systemd) return std::nullopt;
  return std::string(directory);
}

std::optional<std::string> unit_of_container(std::string_view directory) {
  if (!directory.ends_with(".scope")) return std::nullopt;
  return std::string(directory);
}

Units units_of(const PodCgroup& pod, const PodTarget* target) {
  Units units;
  auto slice = unit_of_pod(name_of(*pod.cgroup));
  if (!slice) return units;
  auto pods = target == nullptr ? Allowed() : Allowed{target->pod.cpus, target->pod.mems, {}};
  pods.quota = quota_of(*pod.cgroup, target);
  units.emplace(std::move(*slice), Unit{pod.cgroup->path(), std::move(pods)});
  for (const auto& container : pod.containers) {
    auto scope = unit_of_container(name_of(*container.cgroup));
    if (!scope) continue;
    auto wants = target == nullptr ? Allowed() : of_container(*target, container.id);
    wants.quota = quota_of(*container.cgroup, target);
    units.emplace(std::move(*scope), Unit{container.cgroup->path(), std::move(wants)});
  }
  return units;
}

template <class Set>
std::vector<std::uint8_t> to_bitmap(const Set& set) {
  std::vector<std::uint8_t> bytes;
  if (const auto last = set.last()) bytes.resize(static_cast<std::size_t>(last->value) / 8 + 1);
  for (const auto id : set) {
    auto& byte = bytes[static_cast<std::size_t>(id.value) / 8];
    byte = static_cast<std::uint8_t>(byte | 1U << (id.value % 8));
  }
  return bytes;
}

template <class Set>
Result<Set> from_bitmap(std::span<const std::uint8_t> bytes) {
  Set set;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (std::size_t bit = 0; bit < 8; ++bit) {
      if ((bytes[i] >> bit & 1) == 0) continue;
      const auto id = i * 8 + bit;
      if (id > static_cast<std::size_t>(Set::max_id))
        return fail(Errc::out_of_range, fmt::format("{} is above {}", id, Set::max_id));
      set.insert({static_cast<int>(id)});
    }
  }
  return set;
}

template std::vector<std::uint8_t> to_bitmap(const CpuSet&);
template std::vector<std::uint8_t> to_bitmap(const NumaSet&);
template Result<CpuSet> from_bitmap(std::span<const std::uint8_t>);
template Result<NumaSet> from_bitmap(std::span<const std::uint8_t>);

}  // namespace actimanager::host::systemd

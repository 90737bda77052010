// Unit: what systemd has to be told of a Pod's cgroups, so that it does not undo a pin. Under the systemd
// driver a Pod's cgroup is a slice and each container's a scope, and on cgroup v2 systemd writes cpuset.cpus
// and cpuset.mems of its units anew from their properties AllowedCPUs and AllowedMemoryNodes, cpu.max from
// CPUQuotaPerSecUSec.
//
// Follows systemd.resource-control(5) and org.freedesktop.systemd1(5).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <actimanager/core/cpu_set.hpp>
#include <actimanager/core/error.hpp>
#include <actimanager/host/cgroup_tree.hpp>
#include <actimanager/host/pinning.hpp>

namespace actimanager::host::systemd {

// A unit's properties AllowedCPUs, AllowedMemoryNodes and CPUQuotaPerSecUSec. An empty set: it has none, and
// what the file says counts.
struct Allowed {
  CpuSet cpus;
  NumaSet mems;
  std::optional<std::uint64_t> quota;  // see per_second(); nullopt: not known, or it may have any
  bool operator==(const Allowed&) const = default;
};
// Whether a unit that has `has` needs no more to be told.
bool satisfies(const Allowed& has, const Allowed& wants);

// A unit of a Pod, with the path of the cgroup it was found by.
struct Unit {
  std::string cgroup;
  Allowed wants;
  bool operator==(const Unit&) const = default;
};
using Units = std::map<std::string, Unit>;  // by name

// The unit a directory is: a Pod's "….slice", a container's "….scope" directly below that. nullopt: systemd
// does not manage it. A scope is delegated: what lies in it may be named like units, and is none.
std::optional<std::string> unit_of_pod(std::string_view directory);
std::optional<std::string> unit_of_container(std::string_view directory);

// The Pod's slice with the sets that pin() gives it, and its containers' scopes with those that are narrower:
// what systemd writes for a scope without a property is that it has what the slice has. All have none where
// there is no target. Where a cgroup's quota is lifted they have none, or again what is remembered of it (see
// cfs_quota.hpp). Empty under other drivers than systemd's.
Units units_of(const PodCgroup& pod, const PodTarget* target);

// A set as these properties carry it: bit n of byte n / 8 (least significant first) is member n.
template <class Set>
std::vector<std::uint8_t> to_bitmap(const Set& set);
// Errors: out_of_range, where members are above what a set can hold.
template <class Set>
Result<Set> from_bitmap(std::span<const std::uint8_t> bytes);

}  // namespace actimanager::host::systemd

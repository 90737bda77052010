// Strong ids for the parts of a machine, as Linux numbers them. They do not convert into each other: a core's
// id says nothing about its CPUs', may repeat between sockets, and none of them need be dense.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>

namespace actimanager {

template <class Tag>
struct Id {
  int value = -1;
  constexpr auto operator<=>(const Id&) const = default;
};

using CpuId = Id<struct CpuTag>;        // a logical CPU (hardware thread): /sys/devices/system/cpu/cpuN
using CoreId = Id<struct CoreTag>;      // topology/core_id: unique within one socket only
using SocketId = Id<struct SocketTag>;  // topology/physical_package_id
using NumaId = Id<struct NumaTag>;      // /sys/devices/system/node/nodeN

}  // namespace actimanager

template <class Tag>
struct std::hash<actimanager::Id<Tag>> {
  std::size_t operator()(actimanager::Id<Tag> id) const noexcept { return std::hash<int>{}(id.value); }
};

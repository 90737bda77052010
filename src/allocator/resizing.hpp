// The two directions of a resize, on CPUs that are known to be admissible; resize.cpp says which those are.
#pragma once

#include <actimanager/allocator/placement.hpp>

namespace actimanager::allocator {

// `kept` and as many CPUs of `open` as make it `count`, or nothing if the shape cannot have as many.
// Precondition: kept is not empty and part of open.
std::optional<CpuSet> grow(const topology::Topology& topology, const CpuSet& open, const CpuSet& kept,
                           Shape shape, int count);

// `count` of `kept`. Precondition: 1 <= count <= kept.size().
CpuSet shrink(const topology::Topology& topology, CpuSet kept, Shape shape, api::ExclusivenessLevel level,
              int count);

// How near a CPU is to a set: 0 in one of its L3 groups, 1 in one of its NUMA nodes, 2 in one of its sockets,
// 3 elsewhere.
constexpr int tiers = 4;
CpuSet within_tier(const topology::Topology& topology, const CpuSet& of, int tier);

}  // namespace actimanager::allocator

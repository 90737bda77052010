// Other CPUs for a Pod that runs already and asks for more or fewer than it has (in-place resize). Pure,
// total and deterministic.
//
// It keeps every CPU it may keep. What it grows by is near what it has (same core where its shape packs, same
// L3 group, NUMA node, socket); what it gives back is what is farthest from the rest, whole units first. Its
// shape and level mean what they mean in placement.hpp.
//
// Not promised: that the result is what place() would choose on an empty node. Nothing is moved for the sake
// of a better arrangement.
#pragma once

#include <optional>
#include <string>

#include <actimanager/allocator/placement.hpp>

namespace actimanager::allocator {

struct Resized {
  // Exactly as many as the request names; nullopt: there are not as many.
  std::optional<CpuSet> cpus;
  // Why not, in operators' words: "2 more free CPUs", after "the node has no".
  std::string missing;
};

// others: the node's holdings without the Pod's own. now: what the Pod has, at request.level. CPUs of it that
// cannot be granted again (offline or reserved since, or another's by now) are replaced. There is a result
// exactly if the CPUs that can be kept can be added to within the request's level, shape and min_pool.
// Precondition: others.has_topology().
Resized resize(const Occupancy& others, const CpuSet& now, const Request& request);

}  // namespace actimanager::allocator

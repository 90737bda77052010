// Handover: the order in which the Pods of one node change CPUs, so that no CPU that is exclusive to one of
// them is open to another in between. Pure; what it says is carried out by pin(), one step after the other.
//
// First everybody is confined to what stays theirs. Who keeps nothing (two Pods that swap) goes where nobody
// has to leave any more, or waits in the shared pool until it is free. Then sets are widened.
//
// Promised: nobody comes to a CPU that is another's from now on, and the new owner does not come to it before
// all others have left. Not promised: that nobody comes to a CPU which its owner until now is still on, where
// the whole shared pool lies on such CPUs (a full machine on which the pool itself changes places with a Pod:
// somebody has to make the first step). Nor anything about a Pod whose writes the kernel refuses.
#pragma once

#include <cstddef>
#include <vector>

#include <actimanager/core/cpu_set.hpp>

namespace actimanager::host {

// One Pod: the CPUs the kernel lets it run on, and those it shall run on. `wants` is not empty.
struct Occupant {
  CpuSet has, wants;
};

// A Pod, by its place in the list, gets these CPUs. Never empty.
struct HandoverStep {
  std::size_t pod = 0;
  CpuSet cpus;
  bool operator==(const HandoverStep&) const = default;
};

// Steps in order; after the last one every Pod has what it wants. Who has it already is not named.
// `shared`: the pool as it shall be, exclusive to nobody; not empty. `exclusive`: the CPUs that have been
// exclusive to somebody until now; those of which it is not known belong in it.
std::vector<HandoverStep> plan_handover(const std::vector<Occupant>& pods, const CpuSet& shared,
                                        const CpuSet& exclusive);

}  // namespace actimanager::host

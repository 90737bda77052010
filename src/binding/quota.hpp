// Whether the CFS quotas of a Pod may be lifted: the kernel's way to keep a CPU limit is to stop a cgroup
// that has used up its share of each 100 ms, on CPUs of its own, too. Where a Pod's exclusive CPUs cover its
// limit, and a container's those of the container, the limit says nothing about others any more: all that it
// could take from is kept free for it.
#pragma once

#include <string>

#include <actimanager/binding/admission.hpp>

namespace actimanager::binding {

// Why they may not, naming the field: "spec.cfsQuota: the Pod's limit is 3 CPUs, and it has 2 of its own"; ""
// where they may. Without a limit there is nothing in the way. Precondition: admitted, with its Pod.
std::string uncovered_limit(const topology::Topology& topology, const Verdict& verdict);

}  // namespace actimanager::binding

// How many CPUs a Pod on a node asks for, where a resize may be under way: what allocator::cpu_count() says
// of a Pod without a node, said of the requests that kube-scheduler counts (see resources.hpp). More as soon
// as more is asked for; fewer when the kubelet has given it back.
#pragma once

#include <actimanager/api/pod.hpp>

namespace actimanager::scheduler {

// At least 1. Overhead runs beside the containers and does not count.
int cpus_in_force(const api::Pod& pod);

}  // namespace actimanager::scheduler

// Which CPUs a set of CPUs keeps from everybody else at an exclusiveness level: the one definition that
// admission, accounting and placement share.
#pragma once

#include <actimanager/api/pod_cpu_binding.hpp>
#include <actimanager/core/cpu_set.hpp>
#include <actimanager/topology/topology.hpp>

namespace actimanager::allocator {

// Level none: nothing. Level cpu: `cpus`. Levels core, socket and numa: every CPU of each core (socket, NUMA
// node) that one of `cpus` is in. CPUs the topology does not know, and at level numa those in no NUMA node,
// stand for themselves.
CpuSet exclusive_cpus(const topology::Topology& topology, const CpuSet& cpus, api::ExclusivenessLevel level);

}  // namespace actimanager::allocator

// Machines for tests, by name, and random ones of every odd kind.
#pragma once

#include <memory>
#include <random>

#include <actimanager/topology/topology.hpp>

namespace actimanager::topology::testing {

using Machine = std::shared_ptr<const Topology>;

struct Plan {
  int sockets = 1;
  int numa_per_socket = 1;  // 0: no NUMA at all
  int cores_per_numa = 4;
  int threads = 2;
  // Linux's usual numbering: first threads of all cores, then their siblings. Otherwise siblings are
  // neighbours.
  bool siblings_last = true;
  bool l3_per_half_numa = false;
};
Machine make_machine(const Plan& plan);

// One socket, four cores, two threads each: CPU n and n+4 are siblings.
Machine one_socket_smt();
// Two sockets of four cores with two threads; socket 0 has CPUs 0-3 and 8-11; two NUMA nodes.
Machine dual_socket_smt();
// Two sockets, two NUMA nodes each, two cores each, no SMT; L3 per NUMA node. CPU n is core n.
Machine four_numa_nodes();
// Two performance cores with two threads (0,1 and 2,3), four efficiency cores (4-7).
Machine hybrid();

// Up to `max_cpus` CPUs: sparse ids, core ids that repeat between sockets, SMT off on some cores, CPUs
// outside every NUMA node, L3 groups, performance and efficiency cores.
Machine random_machine(std::mt19937& random, int max_cpus);

}  // namespace actimanager::topology::testing

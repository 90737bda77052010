// Discovery: this machine's topology as hwloc sees it, or one described by an hwloc XML file or synthetic
// string. Only CPUs that are online are in it; whether this process may run on them does not matter, since
// the agent itself may live in a cpuset.
//
// Ids are the kernel's where the machine has them. Where package or core ids are missing or repeat within
// one package (several dies, old Arm kernels, synthetic descriptions) the packages are numbered in their
// order and the cores by their lowest CPU. A snapshot: CPUs that come and go later need another call.
//
// Follows the hwloc 2 manual ("Topology Attributes: Distances, Memory Attributes and CPU Kinds",
// "Environment variables").
#pragma once

#include <string>

#include <actimanager/core/cpu_set.hpp>
#include <actimanager/core/error.hpp>
#include <actimanager/topology/topology.hpp>

struct hwloc_topology;

namespace actimanager::host {

// At most one of them; with both empty, HWLOC_XMLFILE and HWLOC_SYNTHETIC are looked at (in this order), and
// without them this machine is.
struct DiscoveryOptions {
  std::string xml_file;   // path of a file as written by `lstopo machine.xml`
  std::string synthetic;  // "pack:2 [numa] l3:1 core:4 pu:2"
};

// Blocks for the milliseconds that hwloc takes.
// Errors: invalid_argument (not readable, not a topology, or one that contradicts itself), naming the file,
// the description or the variable it came from; out_of_range (an id above CpuSet::max_id); unavailable (hwloc
// could not look at this machine).
Result<topology::Topology> discover(const DiscoveryOptions& options = {});

// The kernel's list of online CPUs (/sys/devices/system/cpu/online): changes when a CPU comes or goes.
// Errors: the errno.
Result<CpuSet> online_cpus();
// Those that are there, online or not (/sys/devices/system/cpu/present). Errors: the errno.
Result<CpuSet> present_cpus();

// What a topology is out of date with, once it changes.
struct Hardware {
  CpuSet online_cpus;
  NumaSet memory;  // nodes that have some
  bool operator==(const Hardware&) const = default;
};
// The kernel's lists (/sys/devices/system/node/has_memory, which a kernel without NUMA has not). Errors: the
// errno.
Result<Hardware> hardware();

// What a loaded hwloc topology says. Precondition: `hwloc` is loaded.
Result<topology::Topology> from_hwloc(hwloc_topology* hwloc);

}  // namespace actimanager::host

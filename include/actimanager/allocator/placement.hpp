// Which CPUs of one node a Pod gets: placement shapes, one file each under src/allocator, behind one pair of
// functions. Pure, total and deterministic.
//
// fits() and place() answer alike: where fits() says yes, place() returns CPUs for the same arguments. A
// placement obeys the rules a binding is admitted by: its exclusive CPUs (see exclusiveness.hpp) are free, so
// neither reserved nor anybody's, and the pool keeps at least `min_pool` CPUs. Which Pod should get which
// shape is the scheduler plugins' business.
#pragma once

#include <optional>
#include <string>

#include <actimanager/allocator/occupancy.hpp>
#include <actimanager/api/pod.hpp>

namespace actimanager::allocator {

enum class Shape {
  spread,  // memory-bound: evenly over the NUMA nodes (else sockets), one thread per core while possible
  one_per_core,  // cpu-bound: one thread on each of as many idle cores, in one socket where possible
  packed,        // io-bound: as few cores as possible, sibling threads together
  single,        // best-effort: one logical CPU, whatever the count
  fewest_units,  // no class: as few NUMA nodes and sockets as possible
};

struct Request {
  Shape shape = Shape::fewest_units;
  api::ExclusivenessLevel level = api::ExclusivenessLevel::cpu;
  int cpus = 1;      // >= 1; the placement names exactly as many (one, for Shape::single)
  int min_pool = 1;  // CPUs that must stay in the shared pool, >= 1
  // Level none: CPUs that fewer holdings than this share are joined before an untouched one is taken.
  int max_sharers = 1;
};

struct Placement {
  CpuSet cpus;
  api::ExclusivenessLevel level = api::ExclusivenessLevel::none;
  bool operator==(const Placement&) const = default;
};

// Whether, and how well, a request fits.
struct Fit {
  bool possible = false;
  // The shape can be had in full: evenly spread, in one socket, without breaking into another core. Nodes
  // where it can are better than nodes where it cannot.
  bool ideal = false;
  // Where it is not possible, in operators' words, for "N node(s) <reason>": "had no 4 idle physical cores".
  std::string reason;
};

Fit fits(const Occupancy& occupancy, const Request& request);
std::optional<Placement> place(const Occupancy& occupancy, const Request& request);

// max(1, ceil(CPU requests)), where the requests are the Pod-level ones if there are any and else what
// containers, sidecars and init containers need at their worst moment together. Overhead runs beside the
// containers and does not count.
int cpu_count(const api::Pod& pod);

// CPU limits, counted likewise; what has no limit counts nothing.
Quantity cpu_limit(const api::Pod& pod);

}  // namespace actimanager::allocator

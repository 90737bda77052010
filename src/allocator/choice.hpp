// What the placement shapes share: the CPUs a request may choose from, whole units of them, and choosing
// cores so that L3 groups, NUMA nodes and sockets stay whole.
//
// A shape chooses `cpus` out of `open`, a set all of whose CPUs it may name. Where the level widens (core,
// socket, NUMA node), whole units were chosen first, and `open` is their union; but at level core each shape
// chooses its cores itself, within a budget.
#pragma once

#include <optional>
#include <vector>

#include <actimanager/allocator/placement.hpp>

namespace actimanager::allocator {

// How many CPUs may become exclusive before the pool is too small.
int budget(const Occupancy& occupancy, const Request& request);

// Something that is taken whole: what it can give the request, and what it costs the pool.
struct Unit {
  CpuSet cpus;
  int capacity = 0;
  int cost = 0;
};
// The free sockets or NUMA nodes. Capacity: idle cores for Shape::one_per_core, else CPUs.
std::vector<Unit> free_units(const Occupancy& occupancy, const Request& request);
// Indexes of units whose capacities add up to `wanted` or more at the least cost, then the least number of
// them; nullopt if that costs more than `budget` or there are not enough.
std::optional<std::vector<std::size_t>> cheapest(const std::vector<Unit>& units, int wanted, int budget);

// cheapest() for a request, in one socket where that costs no more: the one with the least room for it.
std::optional<std::vector<std::size_t>> cheapest_in_few_sockets(const topology::Topology& topology,
                                                                const std::vector<Unit>& units, int wanted,
                                                                int budget);

// The cores (indexes into topology.cores()) that lie wholly in `open`.
std::vector<std::size_t> whole_cores(const topology::Topology& topology, const CpuSet& open);

enum class Prefer { nothing, performance, efficiency };
// `count` of `cores`, so that they lie close together and the largest groups stay whole for others: in the
// tightest socket, NUMA node and L3 group that have as many. Precondition: count <= cores.size().
std::vector<std::size_t> gather(const topology::Topology& topology, std::vector<std::size_t> cores,
                                std::size_t count, Prefer prefer);

// The domains memory-bound threads spread over: NUMA nodes, or sockets where those tell more.
std::vector<CpuSet> memory_domains(const topology::Topology& topology);
// `count` dealt out over domains of these capacities as evenly as they allow; the roomier ones get the odd
// ones. Precondition: the capacities add up to count or more.
std::vector<int> deal(const std::vector<int>& capacities, int count);

// The shapes. Each returns exactly `request.cpus` CPUs (one, for single) of `open`, or nothing if it cannot.
std::optional<CpuSet> choose_spread(const topology::Topology& topology, const CpuSet& open, int count);
std::optional<CpuSet> choose_one_per_core(const topology::Topology& topology, const CpuSet& open, int count);
std::optional<CpuSet> choose_packed(const topology::Topology& topology, const CpuSet& open, int count);
std::optional<CpuSet> choose_single(const topology::Topology& topology, const CpuSet& open);
// `cpus` in growing parts: those that the fewest share, then those that one more number of sharers allows,
// and so on; the last one is all.
std::vector<CpuSet> least_shared_first(const Occupancy& occupancy, const CpuSet& cpus);
// Level none: out of the pool, CPUs that few share before others.
std::optional<CpuSet> choose_shared(const Occupancy& occupancy, const Request& request);

// Whether the shape can be had in full out of `open`; precondition: it can be had at all.
bool spread_is_even(const Occupancy& occupancy, const CpuSet& open, int count);
bool one_socket_has(const Occupancy& occupancy, const CpuSet& open, int count);
bool packs_tightly(const Occupancy& occupancy, const CpuSet& open, int count);

}  // namespace actimanager::allocator

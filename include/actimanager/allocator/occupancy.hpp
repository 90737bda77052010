// Occupancy: who holds which CPU of one node. A tally of holdings (one per binding), which may overlap: every
// persisted binding occupies its CPUs, also one its judge will refuse.
//
// The vocabulary of a node's CPUs:
//   reserved   never exclusive to anyone (system daemons)
//   exclusive  some holding keeps everybody else off it
//   shared     named by a holding of level none: others of level none may join, nobody may take it
//              exclusively
//   pool       the online CPUs that are not exclusive: where everything without a binding runs
//   free       may be taken exclusively: online, not reserved, not exclusive, not shared
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <actimanager/api/pod_cpu_binding.hpp>
#include <actimanager/core/cpu_set.hpp>
#include <actimanager/topology/topology.hpp>

namespace actimanager::allocator {

// What one binding holds.
struct Holding {
  CpuSet cpus;
  api::ExclusivenessLevel level = api::ExclusivenessLevel::none;
  bool operator==(const Holding&) const = default;
};

class Occupancy {
 public:
  Occupancy() = default;
  explicit Occupancy(std::shared_ptr<const topology::Topology> topology, CpuSet reserved = {});

  void add(const Holding& holding);
  // Precondition: it was added. CPUs that the topology does not know are not counted, added or removed.
  void remove(const Holding& holding);

  bool has_topology() const { return topology_ != nullptr; }
  // Precondition: has_topology().
  const topology::Topology& topology() const { return *topology_; }

  const CpuSet& reserved() const { return reserved_; }
  const CpuSet& exclusive() const { return exclusive_; }
  const CpuSet& shared() const { return shared_; }
  const CpuSet& free() const { return free_; }
  CpuSet pool() const;
  int pool_size() const { return pool_size_; }
  int free_size() const { return free_size_; }
  // For each core all of whose CPUs are free (an idle core): its lowest CPU.
  const CpuSet& idle_leaders() const { return idle_leaders_; }
  int idle_cores() const { return idle_cores_; }
  // How many holdings of level none name this CPU.
  int sharers(CpuId cpu) const;

 private:
  template <class Count>
  void tally(const Holding& holding, Count count);
  void refresh();

  std::shared_ptr<const topology::Topology> topology_;
  CpuSet reserved_;
  std::vector<std::uint16_t> exclusive_count_, shared_count_;  // by CPU id
  CpuSet exclusive_, shared_, free_, idle_leaders_;
  int pool_size_ = 0, free_size_ = 0, idle_cores_ = 0;
};

}  // namespace actimanager::allocator

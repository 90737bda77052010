// Topology: one machine's CPUs as plain data, with the questions every other part asks of it. Only online
// CPUs are in it. Ids are the kernel's and may be sparse; a core's id may repeat in another socket, so a core
// is found by one of its CPUs, never by its id alone.
//
// Values only: discovering a machine is host/discovery's job, reading one from the API is api's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <actimanager/core/cpu_set.hpp>
#include <actimanager/core/error.hpp>

namespace actimanager::topology {

struct Socket {
  SocketId id;
  CpuSet cpus;
  bool operator==(const Socket&) const = default;
};

struct Core {
  CoreId id;
  SocketId socket;
  CpuSet cpus;  // its hardware threads
  bool operator==(const Core&) const = default;
};

struct NumaNode {
  NumaId id;
  CpuSet cpus;                   // empty for a node of memory only
  std::uint64_t memory_bytes{};  // 0: not known
  std::vector<int> distances;    // to each NUMA node in ascending id order (SLIT); empty: not known
  bool operator==(const NumaNode&) const = default;
};

struct Cache {
  int level = 3;
  CpuSet cpus;                 // that share it
  std::uint64_t size_bytes{};  // 0: not known
  bool operator==(const Cache&) const = default;
};

// CPUs of one kind on a hybrid machine. Machines with one kind have no CpuKind at all.
struct CpuKind {
  std::string name;  // "performance" or "efficiency"
  CpuSet cpus;
  bool operator==(const CpuKind&) const = default;
};

struct Parts {
  std::vector<Socket> sockets;
  std::vector<Core> cores;
  std::vector<NumaNode> numa_nodes;  // empty: the machine has no NUMA
  std::vector<Cache> caches;         // the last-level (L3) groups; empty: not known
  std::vector<CpuKind> cpu_kinds;
  bool operator==(const Parts&) const = default;
};

class Topology {
 public:
  Topology() = default;  // a machine without CPUs

  // Sorts the parts by id and checks that they describe one machine: every CPU in exactly one core, every
  // core inside its socket and its id there once, every socket's CPUs its cores', no CPU in two NUMA nodes,
  // nothing names a CPU no core has. Errors: invalid_argument, naming the part ("socket 1: CPU 9 is in no
  // core").
  static Result<Topology> make(Parts parts);

  const std::vector<Socket>& sockets() const { return parts_.sockets; }
  const std::vector<Core>& cores() const { return parts_.cores; }  // by socket, then lowest CPU
  const std::vector<NumaNode>& numa_nodes() const { return parts_.numa_nodes; }
  const std::vector<Cache>& caches() const { return parts_.caches; }
  const std::vector<CpuKind>& cpu_kinds() const { return parts_.cpu_kinds; }
  const Parts& parts() const { return parts_; }
  const CpuSet& cpus() const { return cpus_; }  // all online CPUs

  // Each returns nullptr for a CPU that is not there (or in no NUMA node / L3 group / kind).
  const Core* core_of(CpuId cpu) const;
  const Socket* socket_of(CpuId cpu) const;
  const NumaNode* numa_node_of(CpuId cpu) const;

  // The CPUs of every core (socket, NUMA node) that `cpus` touches. CPUs in no NUMA node stay as they are.
  CpuSet widen_to_cores(const CpuSet& cpus) const;
  CpuSet widen_to_sockets(const CpuSet& cpus) const;
  CpuSet widen_to_numa_nodes(const CpuSet& cpus) const;

  // The NUMA nodes that `cpus` touch; empty where the machine has none.
  NumaSet numa_nodes_of(const CpuSet& cpus) const;
  NumaSet numa_ids() const;

  bool operator==(const Topology& other) const { return parts_ == other.parts_; }

 private:
  struct Place {  // indexes into parts_, -1: none
    int core = -1;
    int socket = -1;
    int numa_node = -1;
  };
  const Place* place_of(CpuId cpu) const;

  Parts parts_;
  CpuSet cpus_;
  std::vector<Place> places_;  // by CPU id
};

}  // namespace actimanager::topology

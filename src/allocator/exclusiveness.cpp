#include <actimanager/allocator/exclusiveness.hpp>

namespace actimanager::allocator {

CpuSet exclusive_cpus(const topology::Topology& topology, const CpuSet& cpus, api::ExclusivenessLevel level) {
  switch (level) {
    case api::ExclusivenessLevel::none:
      return {};
    case api::ExclusivenessLevel::cpu:
      return cpus;
    case api::ExclusivenessLevel::core:
      return topology.widen_to_cores(cpus);
    case api::ExclusivenessLevel::socket:
      return topology.widen_to_sockets(cpus);
    case api::ExclusivenessLevel::numa:
      return topology.widen_to_numa_nodes(cpus);
  }
  return cpus;
}

}  // namespace actimanager::allocator

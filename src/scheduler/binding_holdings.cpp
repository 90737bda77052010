#include "binding_holdings.hpp"

namespace actimanager::scheduler {

std::vector<allocator::Holding> holdings_of(const api::PodCPUBinding& binding) {
  std::vector<allocator::Holding> holdings;
  if (!binding.spec.cpu_set.empty() && !binding.is_refused()) {
    holdings.push_back({binding.spec.cpu_set, binding.spec.exclusiveness_level});
  }
  const auto& admitted = binding.status.admitted;
  if (admitted && admitted->generation != binding.meta.generation) {
    if (!admitted->exclusive_cpus.empty()) {
      holdings.push_back({admitted->exclusive_cpus, api::ExclusivenessLevel::cpu});
    }
    if (CpuSet rest = admitted->cpu_set - admitted->exclusive_cpus; !rest.empty()) {
      holdings.push_back({std::move(rest), api::ExclusivenessLevel::none});
    }
  }
  return holdings;
}

}  // namespace actimanager::scheduler

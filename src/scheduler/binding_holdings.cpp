#include "binding_holdings.hpp"

#include <actimanager/api/names.hpp>

namespace actimanager::scheduler {

std::vector<allocator::Holding> holdings_of(const api::PodCPUBinding& binding) {
  std::vector<allocator::Holding> holdings;
  if (!binding.spec.cpu_set.empty()) {
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

std::string owner_of(const api::PodCPUBinding& binding) {
  for (const auto& owner : *binding.meta.owner_references) {
    if (owner.kind == "Pod" && owner.name == binding.spec.pod_name) return owner.uid;
  }
  return {};
}

std::string named_node_of(const api::PodCPUBinding& binding) {
  const auto* label = binding.meta.label(api::node_name_label);
  return label != nullptr && !label->empty() ? *label : binding.status.node_name;
}

}  // namespace actimanager::scheduler

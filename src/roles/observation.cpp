#include "observation.hpp"

#include <algorithm>

namespace actimanager::roles {
namespace {

using Observed = api::PodCPUBinding::ObservedContainer;

const Observed* find(const std::vector<Observed>& containers, const std::string& name) {
  const auto it = std::ranges::find(containers, name, &Observed::name);
  return it == containers.end() ? nullptr : &*it;
}

// Also before anybody saw where it ran.
bool has_ended(const api::Pod& pod, const std::string& container) {
  const auto& statuses = *pod.container_statuses;
  const auto it = std::ranges::find(statuses, container, &api::ContainerStatus::name);
  return it != statuses.end() && it->terminated;
}

}  // namespace

void observe_all_but_cpusets(binding::Observed& observed, const Sight* sight) {
  if (sight == nullptr) return;
  observed.partition = {sight->partition.holds, sight->partition.refusal};
  const auto& quota = sight->quota;
  observed.quota = {quota.looked, quota.limited, quota.lifted, quota.error ? quota.error->message() : ""};
}

binding::Observed observe(const api::Pod& pod, const Sight* sight, const host::PodTarget& target,
                          const api::PodCPUBinding::Status& before) {
  binding::Observed observed;
  observe_all_but_cpusets(observed, sight);
  if (sight == nullptr) return observed;
  if (sight->error) observed.error = sight->error->message();

  bool right = sight->pod == target.pod.cpus;
  for (const auto& status : *pod.container_statuses) {
    if (!status.running || status.container_id.empty()) continue;
    const auto id = runtime_id(status.container_id);
    const auto seen = sight->containers.find(id);
    if (seen == sight->containers.end()) {
      right = false;  // has just started, or just ended
      continue;
    }
    const auto& values = seen->second;
    observed.containers.push_back({status.name, values.effective_cpus, values.effective_mems});
    const auto own = target.containers.find(id);
    right =
        right && values.effective_cpus == (own == target.containers.end() ? target.pod : own->second).cpus;
  }
  for (const auto& known : before.containers) {
    if (pod.spec->has_container(known.name) && find(observed.containers, known.name) == nullptr) {
      observed.containers.push_back(known);
    }
  }
  observed.complete =
      right && std::ranges::all_of(pod.spec->containers, [&](const api::Container& container) {
        return find(observed.containers, container.name) != nullptr || has_ended(pod, container.name);
      });
  return observed;
}

}  // namespace actimanager::roles

#include "pin_view.hpp"

#include <algorithm>

#include "targets.hpp"

namespace actimanager::roles {
namespace {

// As the Pod names it; its id where the API has not said yet.
std::string name_of(const api::Pod& pod, const std::string& id) {
  const auto& statuses = *pod.container_statuses;
  const auto it = std::ranges::find_if(
      statuses, [&](const api::ContainerStatus& status) { return runtime_id(status.container_id) == id; });
  return it == statuses.end() ? id : it->name;
}

}  // namespace

PinView pin_view(const api::Pod& pod, const binding::Verdict* verdict, api::BindingStatus status,
                 const binding::PodCpusets& wanted, const Sight* sight) {
  PinView pin;
  pin.namespace_ = pod.meta.namespace_;
  pin.pod = pod.meta.name;
  pin.uid = pod.meta.uid;
  pin.level = "None";
  if (verdict != nullptr) {
    pin.binding = verdict->binding->meta.key();
    pin.level = api::to_string(verdict->binding->spec.exclusiveness_level);
    pin.message = verdict->message;
    if (verdict->grant) pin.exclusive = verdict->grant->exclusive_cpus;
    pin.status = api::to_string(status);
  }
  pin.wanted = wanted.pod.cpus;
  pin.memory_nodes = wanted.pod.mems;
  if (sight == nullptr) return pin;
  pin.granted = sight->pod;
  if (verdict != nullptr && pin.message.empty() && sight->error) pin.message = sight->error->message();
  for (const auto& [id, values] : sight->containers)
    pin.containers.push_back({name_of(pod, id), values.effective_cpus});
  return pin;
}

}  // namespace actimanager::roles

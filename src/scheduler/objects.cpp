#include <algorithm>

#include <fmt/format.h>

#include <actimanager/scheduler/objects.hpp>

namespace actimanager::scheduler {
std::string Objects::owner_key(std::string_view api_version, std::string_view kind, const std::string& key) {
  return fmt::format("{} {} {}", api_version, kind, key);
}

bool Objects::set(const api::Namespace& object) {
  const auto [it, is_new] = namespaces_.try_emplace(object.meta.name, object.meta.labels);
  if (!is_new && it->second == object.meta.labels) return false;
  it->second = object.meta.labels;
  return true;
}

void Objects::set(const api::Service& service) {
  services_[service.meta.namespace_][service.meta.name] = service.selector;
}

void Objects::remove_service(const api::ObjectMeta& service) {
  const auto it = services_.find(service.namespace_);
  if (it == services_.end()) return;
  it->second.erase(service.name);
  if (it->second.empty()) services_.erase(it);
}

const api::StringMap& Objects::namespace_labels(std::string_view name) const {
  static const api::StringMap none;
  const auto it = namespaces_.find(std::string(name));
  return it == namespaces_.end() ? none : it->second;
}

api::LabelSelector Objects::selector_of_fellows(const api::Pod& pod) const {
  api::StringMap labels;
  if (const auto services = services_.find(pod.meta.namespace_); services != services_.end()) {
    for (const auto& [name, selector] : services->second) {
      if (selector.empty() || !api::LabelSelector::of(selector).matches(pod.meta.labels)) continue;
      for (const auto& [key, value] : selector) labels[key] = value;
    }
  }
  auto fellows = api::LabelSelector::of(labels);
  const auto controller = std::ranges::find_if(*pod.meta.owner_references, &api::OwnerReference::controller);
  if (controller == pod.meta.owner_references->end()) return fellows;
  const auto owner = owners_.find(
      owner_key(controller->api_version, controller->kind, pod.meta.namespace_ + "/" + controller->name));
  if (owner == owners_.end() || !owner->second.given) return fellows;
  const auto& more = owner->second.requirements;
  if (controller->kind == api::Kind<api::ReplicationController>::kind) {
    // Its selector is of labels alone, as a Service's, and has the last word on each.
    for (const auto& requirement : more) labels[requirement.key] = requirement.values.front();
    return api::LabelSelector::of(labels);
  }
  fellows.requirements.insert(fellows.requirements.end(), more.begin(), more.end());
  return fellows;
}

}  // namespace actimanager::scheduler

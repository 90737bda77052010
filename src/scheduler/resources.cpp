#include <algorithm>

#include <actimanager/scheduler/resources.hpp>

#include "labels.hpp"

namespace actimanager::scheduler {
namespace {

using api::ResourceList;

constexpr std::string_view native_namespace = "kubernetes.io/";
constexpr std::int64_t default_milli_cpu = 100;
constexpr std::int64_t default_memory = 200LL * 1024 * 1024;

bool is_pod_level_resource(std::string_view name) {
  return name == "cpu" || name == "memory" || name.starts_with("hugepages-");
}

void add_all(ResourceList& sum, const ResourceList& more) {
  for (const auto& [name, quantity] : more) sum[name] += quantity;
}

void raise_all(ResourceList& highest, const ResourceList& other) {
  for (const auto& [name, quantity] : other) {
    const auto [it, inserted] = highest.emplace(name, quantity);
    if (!inserted) it->second = std::max(it->second, quantity);
  }
}

// A resize the kubelet has called infeasible will not happen: what was asked for does not count.
bool resize_is_infeasible(const api::Pod& pod) {
  const auto* condition = api::find_condition(pod.conditions, "PodResizePending");
  return condition != nullptr && condition->reason == "Infeasible";
}

ResourceList effective(const api::Pod& pod, const api::Container& container) {
  const auto status = std::ranges::find(*pod.container_statuses, container.name, &api::ContainerStatus::name);
  if (status == pod.container_statuses->end() || !status->resources_requests) return container.requests;
  ResourceList highest = resize_is_infeasible(pod) ? ResourceList{} : container.requests;
  raise_all(highest, *status->resources_requests);
  if (status->allocated_resources) raise_all(highest, *status->allocated_resources);
  return highest;
}

ResourceList container_requests(const api::Pod& pod, const api::Container& container, bool may_resize,
                                const RequestOptions& options) {
  ResourceList requests = options.use_status && may_resize ? effective(pod, container) : container.requests;
  if (options.non_missing_cpu) requests.emplace("cpu", Quantity::milli(default_milli_cpu));
  if (options.non_missing_memory) requests.emplace("memory", Quantity::units(default_memory));
  return requests;
}

bool names_pod_level_resource(const api::Pod& pod) {
  return pod.spec->pod_requests && std::ranges::any_of(*pod.spec->pod_requests, [](const auto& entry) {
           return is_pod_level_resource(entry.first);
         });
}

}  // namespace

void Resources::add(const Resources& other) {
  milli_cpu += other.milli_cpu;
  memory += other.memory;
  ephemeral_storage += other.ephemeral_storage;
  for (const auto& [name, value] : other.scalars) scalars[name] += value;
}

void Resources::subtract(const Resources& other) {
  milli_cpu -= other.milli_cpu;
  memory -= other.memory;
  ephemeral_storage -= other.ephemeral_storage;
  for (const auto& [name, value] : other.scalars) scalars[name] -= value;
}

std::int64_t Resources::scalar(std::string_view name) const {
  const auto it = scalars.find(name);
  return it == scalars.end() ? 0 : it->second;
}

bool is_extended_resource(std::string_view name) {
  if (!name.contains('/') || name.contains(native_namespace) || name.starts_with("requests.")) return false;
  return is_qualified_name("requests." + std::string(name));
}

bool is_scalar_resource(std::string_view name) {
  return name.starts_with("hugepages-") || name.contains(native_namespace) ||
         name.starts_with("attachable-volumes-") || is_extended_resource(name);
}

ResourceList pod_requests(const api::Pod& pod, const RequestOptions& options) {
  ResourceList running, sidecars, starting;
  for (const auto& container : pod.spec->containers) {
    add_all(running, container_requests(pod, container, true, options));
  }
  for (const auto& container : pod.spec->init_containers) {
    ResourceList at_once = container_requests(pod, container, container.restart_always, options);
    if (container.restart_always) {
      add_all(running, at_once);
      add_all(sidecars, at_once);
      raise_all(starting, sidecars);
    } else {
      add_all(at_once, sidecars);
      raise_all(starting, at_once);
    }
  }
  raise_all(running, starting);
  if (!options.skip_pod_level && names_pod_level_resource(pod)) {
    for (const auto& [name, quantity] : *pod.spec->pod_requests) {
      if (is_pod_level_resource(name)) running[name] = quantity;
    }
  }
  add_all(running, pod.spec->overhead);
  return running;
}

Resources to_resources(const ResourceList& list) {
  Resources resources;
  for (const auto& [name, quantity] : list) {
    if (name == "cpu") {
      resources.milli_cpu = quantity.milli_value();
    } else if (name == "memory") {
      resources.memory = quantity.value();
    } else if (name == "ephemeral-storage") {
      resources.ephemeral_storage = quantity.value();
    } else if (name == "pods") {
      resources.pods = quantity.value();
    } else if (is_scalar_resource(name)) {
      resources.scalars.emplace(name, quantity.value());
    }
  }
  return resources;
}

std::vector<HostPort> host_ports(const api::Pod& pod) {
  std::vector<HostPort> ports;
  const auto add = [&](const api::Container& container) {
    for (const auto& port : container.ports) {
      if (port.host_port <= 0) continue;
      ports.push_back({port.host_ip.empty() ? "0.0.0.0" : port.host_ip,
                       port.protocol.empty() ? "TCP" : port.protocol, port.host_port});
    }
  };
  for (const auto& container : pod.spec->init_containers) {
    if (container.restart_always) add(container);
  }
  for (const auto& container : pod.spec->containers) add(container);
  return ports;
}

bool conflicts(const HostPort& a, const HostPort& b) {
  return a.port == b.port && a.protocol == b.protocol &&
         (a.ip == b.ip || a.ip == "0.0.0.0" || b.ip == "0.0.0.0");
}

PodLoad pod_load(const api::Pod& pod) {
  const auto requests = pod_requests(pod, {.use_status = true});
  const bool pod_level = names_pod_level_resource(pod);
  const auto non_zero = pod_requests(pod, {.use_status = true,
                                           .non_missing_cpu = !pod_level || !requests.contains("cpu"),
                                           .non_missing_memory = !pod_level || !requests.contains("memory")});
  const auto weighed = to_resources(non_zero);
  PodLoad load{to_resources(requests), weighed.milli_cpu, weighed.memory, host_ports(pod)};
  load.requests.pods = 0;
  return load;
}

}  // namespace actimanager::scheduler

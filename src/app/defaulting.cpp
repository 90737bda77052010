#include "defaulting.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include <actimanager/scheduler/resources.hpp>

namespace actimanager::app {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 9> namespaced = {"Pod",
                                                        "PodCPUBinding",
                                                        "Service",
                                                        "PersistentVolumeClaim",
                                                        "PodDisruptionBudget",
                                                        "CSIStorageCapacity",
                                                        "ReplicationController",
                                                        "ReplicaSet",
                                                        "StatefulSet"};
// Members that are a quantity, or have them as members.
constexpr std::array<std::string_view, 7> quantities = {
    "requests", "limits", "overhead", "capacity", "allocatable", "allocatedResources", "maximumVolumeSize"};

bool is_empty(const json& object, const char* member) {
  const auto it = object.find(member);
  return it == object.end() || it->is_null() ||
         (it->is_string() && it->get_ref<const std::string&>().empty());
}

// The member, where it is an object; nullptr: it is none.
json* object_in(json& object, const char* member) {
  const auto it = object.find(member);
  return it != object.end() && it->is_object() ? &*it : nullptr;
}

// As text, which may have a fraction or be larger than any integer.
void write_number(json& value) {
  const bool large = value.is_number_unsigned() && !std::in_range<std::int64_t>(value.get<std::uint64_t>());
  if (value.is_number_float() || large) value = value.dump();
}

// Not by recursion: what a file has may be nested without end.
void write_quantities(json& root) {
  std::vector<json*> waiting{&root};
  while (!waiting.empty()) {
    json& value = *waiting.back();
    waiting.pop_back();
    for (auto item = value.begin(); item != value.end(); ++item) {
      if (value.is_object() && std::ranges::find(quantities, item.key()) != quantities.end()) {
        write_number(*item);
        if (item->is_object())
          for (auto& quantity : *item) write_number(quantity);
      }
      if (item->is_structured()) waiting.push_back(&*item);
    }
  }
}

void open_host_ports(json& spec, const char* containers) {
  const auto list = spec.find(containers);
  if (list == spec.end() || !list->is_array()) return;
  for (auto& container : *list) {
    if (!container.is_object()) continue;
    const auto ports = container.find("ports");
    if (ports == container.end() || !ports->is_array()) continue;
    for (auto& port : *ports) {
      if (!port.is_object() || !port.contains("containerPort")) continue;
      if (is_empty(port, "hostPort") || port["hostPort"] == 0) port["hostPort"] = port["containerPort"];
    }
  }
}

void fill_in_pod(json& pod) {
  if (is_empty(pod, "spec")) pod["spec"] = json::object();
  auto* spec = object_in(pod, "spec");
  if (spec == nullptr) return;
  if (is_empty(*spec, "schedulerName")) (*spec)["schedulerName"] = "default-scheduler";
  const auto host_network = spec->find("hostNetwork");
  if (host_network == spec->end() || *host_network != true) return;
  open_host_ports(*spec, "containers");
  open_host_ports(*spec, "initContainers");
}

bool is_huge_page(std::string_view resource) {
  return resource.starts_with("hugepages-");
}

// What the containers request together, without the Pod's overhead.
api::ResourceList requests_of_containers(const api::Pod& pod) {
  auto bare = pod;
  bare.spec->overhead.clear();
  return scheduler::pod_requests(bare, {.skip_pod_level = true});
}

// Of a Pod that says something of itself as a whole.
void fill_in_pod_requests(api::Pod& pod) {
  auto& spec = *pod.spec;
  auto limits = spec.pod_limits.value_or(api::ResourceList());
  auto requests = spec.pod_requests.value_or(api::ResourceList());
  if (limits.empty() && requests.empty()) return;
  const auto of_containers = requests_of_containers(pod);
  for (const auto& [resource, quantity] : of_containers) {
    if (is_huge_page(resource) && !requests.contains(resource)) limits.emplace(resource, quantity);
  }
  if (limits.empty()) return;
  for (const auto& [resource, quantity] : of_containers) {
    if (resource == "cpu" || resource == "memory") requests.emplace(resource, quantity);
  }
  for (const auto& [resource, quantity] : limits) {
    if (resource == "cpu" || resource == "memory" || is_huge_page(resource))
      requests.emplace(resource, quantity);
  }
  spec.pod_limits = std::move(limits);
  spec.pod_requests = std::move(requests);
}

}  // namespace

void fill_in_defaults(json& object) {
  if (!object.is_object()) return;
  write_quantities(object);
  const auto kind = object.find("kind");
  if (kind == object.end() || !kind->is_string()) return;
  const std::string_view name = kind->get_ref<const std::string&>();
  if (std::ranges::find(namespaced, name) == namespaced.end()) return;
  if (is_empty(object, "metadata")) object["metadata"] = json::object();
  if (auto* meta = object_in(object, "metadata"); meta != nullptr && is_empty(*meta, "namespace"))
    (*meta)["namespace"] = "default";
  if (name == "Pod") fill_in_pod(object);
}

void fill_in_requests(api::Pod& pod) {
  for (auto* containers : {&pod.spec->containers, &pod.spec->init_containers}) {
    for (auto& container : *containers) {
      for (const auto& [resource, limit] : container.limits) container.requests.emplace(resource, limit);
    }
  }
  fill_in_pod_requests(pod);
}

}  // namespace actimanager::app

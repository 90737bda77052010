#include "resource_scorer.hpp"

#include <fmt/format.h>

#include "helpers.hpp"
#include "signing.hpp"

namespace actimanager::scheduler {

std::vector<ResourceSpec> read_resources(api::JsonCursor list, std::int64_t max_weight) {
  std::vector<ResourceSpec> resources;
  list.each([&](api::JsonCursor item) {
    only_fields(item, {"name", "weight"});
    ResourceSpec spec{item["name"].string(), item["weight"].integer_between(0, max_weight, 0)};
    if (spec.name.empty()) item.fail("name is required");
    if (spec.weight == 0) spec.weight = 1;
    resources.push_back(std::move(spec));
  });
  if (resources.empty()) return {{"cpu", 1}, {"memory", 1}};
  return resources;
}

std::vector<std::int64_t> ResourceScorer::requests(const api::Pod& pod) const {
  const auto list = pod_requests(pod, {.use_status = !non_zero_,
                                       .non_missing_cpu = non_zero_,
                                       .non_missing_memory = non_zero_,
                                       .skip_pod_level = non_zero_});
  std::vector<std::int64_t> requests;
  for (const auto& [name, weight] : resources_) {
    const auto it = list.find(name);
    requests.push_back(it == list.end() ? 0 : name == "cpu" ? it->second.milli_value() : it->second.value());
  }
  return requests;
}

Share ResourceScorer::share(std::size_t resource, std::int64_t request, const NodeInfo& node) const {
  const auto& name = resources_[resource].name;
  if (name == "cpu") {
    return {(non_zero_ ? node.non_zero_milli_cpu : node.requested.milli_cpu) + request,
            node.allocatable.milli_cpu};
  }
  if (name == "memory") {
    return {(non_zero_ ? node.non_zero_memory : node.requested.memory) + request, node.allocatable.memory};
  }
  if (name == "ephemeral-storage") {
    return {node.requested.ephemeral_storage + request, node.allocatable.ephemeral_storage};
  }
  // An extended resource counts only for Pods that want it.
  if (request == 0) return {};
  return {node.requested.scalar(name) + request, node.allocatable.scalar(name)};
}

void sign_requests(std::string& out, const api::Pod& pod) {
  const auto sign = [&](const api::ResourceList& list) {
    for (const auto& [name, quantity] : list) {
      sign_text(out, name);
      fmt::format_to(std::back_inserter(out), "={}/{}", quantity.value(), quantity.milli_value());
    }
    out += ';';
  };
  sign(pod_requests(pod));
  sign(pod_requests(pod, {.use_status = true}));
  sign(pod_requests(pod, {.non_missing_cpu = true, .non_missing_memory = true, .skip_pod_level = true}));
}

}  // namespace actimanager::scheduler

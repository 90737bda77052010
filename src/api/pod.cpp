#include <algorithm>

#include <actimanager/api/pod.hpp>

#include "resources_json.hpp"

namespace actimanager::api {
namespace {

Container decode_container(JsonCursor item) {
  Container container{.name = item["name"].string(), .image = item["image"].string()};
  container.requests = decode_resource_list(item["resources"]["requests"]);
  container.limits = decode_resource_list(item["resources"]["limits"]);
  container.restart_always = item["restartPolicy"].string() == "Always";
  item["ports"].each([&](JsonCursor port) {
    const auto host_port = static_cast<int>(port["hostPort"].integer_between(0, 65535, 0));
    if (host_port == 0) return;
    container.ports.push_back({host_port, port["hostIP"].string(), port["protocol"].string("TCP")});
  });
  return container;
}

std::vector<NodeSelectorRequirement> decode_requirements(JsonCursor list) {
  std::vector<NodeSelectorRequirement> requirements;
  list.each([&](JsonCursor item) {
    NodeSelectorRequirement requirement{item["key"].string(), item["operator"].string(), {}};
    item["values"].each([&](JsonCursor value) { requirement.values.push_back(value.string()); });
    requirements.push_back(std::move(requirement));
  });
  return requirements;
}

NodeAffinity decode_node_affinity(JsonCursor affinity) {
  NodeAffinity result;
  if (const auto required = affinity["requiredDuringSchedulingIgnoredDuringExecution"]) {
    result.required.emplace();
    required["nodeSelectorTerms"].each(
        [&](JsonCursor term) { result.required->push_back(decode_node_selector_term(term)); });
  }
  affinity["preferredDuringSchedulingIgnoredDuringExecution"].each([&](JsonCursor item) {
    result.preferred.push_back({item["weight"].integer(), decode_node_selector_term(item["preference"])});
  });
  return result;
}

Volume decode_volume(JsonCursor item) {
  Volume volume;
  item.each_member([&](std::string_view key, JsonCursor source) {
    if (key == "name") {
      volume.name = source.string();
    } else if (key == "persistentVolumeClaim") {
      volume.claim_name = source["claimName"].string();
    } else if (key == "ephemeral") {
      volume.ephemeral = true;
    } else if (auto disk = decode_disk_source(key, source); !disk.kind.empty()) {
      volume.disk = std::move(disk);
    }
  });
  return volume;
}

std::vector<Volume> decode_volumes(JsonCursor list) {
  std::vector<Volume> volumes;
  list.each([&](JsonCursor item) {
    if (auto volume = decode_volume(item); volume.restricts()) volumes.push_back(std::move(volume));
  });
  return volumes;
}

PodSpec decode_spec(JsonCursor cursor, const std::string& pod_namespace) {
  PodSpec spec;
  spec.scheduler_name = cursor["schedulerName"].string();
  spec.preemption_policy = cursor["preemptionPolicy"].string();
  spec.host_network = cursor["hostNetwork"].boolean();
  cursor["schedulingGates"].each(
      [&](JsonCursor gate) { spec.scheduling_gates.push_back(gate["name"].string()); });
  spec.node_selector = decode_string_map(cursor["nodeSelector"]);
  spec.pod_affinity = decode_pod_affinity(cursor["affinity"]["podAffinity"], pod_namespace);
  spec.pod_anti_affinity = decode_pod_affinity(cursor["affinity"]["podAntiAffinity"], pod_namespace);
  cursor["tolerations"].each([&](JsonCursor item) {
    Toleration toleration{.key = item["key"].string(),
                          .op = item["operator"].string("Equal"),
                          .value = item["value"].string(),
                          .effect = item["effect"].string()};
    if (const auto seconds = item["tolerationSeconds"]) toleration.toleration_seconds = seconds.integer();
    spec.tolerations.push_back(std::move(toleration));
  });
  cursor["containers"].each([&](JsonCursor item) { spec.containers.push_back(decode_container(item)); });
  cursor["initContainers"].each(
      [&](JsonCursor item) { spec.init_containers.push_back(decode_container(item)); });
  cursor["ephemeralContainers"].each(
      [&](JsonCursor item) { spec.ephemeral_containers.push_back(item["name"].string()); });
  spec.overhead = decode_resource_list(cursor["overhead"]);
  if (const auto requests = cursor["resources"]["requests"])
    spec.pod_requests = decode_resource_list(requests);
  if (const auto limits = cursor["resources"]["limits"]) spec.pod_limits = decode_resource_list(limits);
  cursor["topologySpreadConstraints"].each(
      [&](JsonCursor item) { spec.topology_spread_constraints.push_back(decode_spread_constraint(item)); });
  cursor["resourceClaims"].each([&](JsonCursor) { spec.has_resource_claims = true; });
  return spec;
}

void decode_container_statuses(JsonCursor list, std::vector<ContainerStatus>& statuses) {
  list.each([&](JsonCursor item) {
    ContainerStatus status{.name = item["name"].string(),
                           .container_id = item["containerID"].string(),
                           .running = static_cast<bool>(item["state"]["running"]),
                           .terminated = static_cast<bool>(item["state"]["terminated"])};
    if (const auto allocated = item["allocatedResources"]) {
      status.allocated_resources = decode_resource_list(allocated);
    }
    // Of a container that requests nothing it is empty, and counts as that.
    if (const auto resources = item["resources"]) {
      status.resources_requests = decode_resource_list(resources["requests"]);
    }
    statuses.push_back(std::move(status));
  });
}

}  // namespace

NodeSelectorTerm decode_node_selector_term(JsonCursor term) {
  return {decode_requirements(term["matchExpressions"]), decode_requirements(term["matchFields"])};
}

std::optional<Quantity> decode_quantity(JsonCursor value) {
  if (!value) return Quantity();  // null
  if (value.value()->kind == JsonValue::Kind::integer) return Quantity::units(value.integer());
  const auto quantity = Quantity::parse(value.string());
  if (quantity) return *quantity;
  value.fail(quantity.error().context);
  return std::nullopt;
}

ResourceList decode_resource_list(JsonCursor object) {
  ResourceList resources;
  object.each_member([&](std::string_view name, JsonCursor value) {
    if (const auto quantity = decode_quantity(value)) resources.emplace(name, *quantity);
  });
  return resources;
}

bool PodSpec::has_container(std::string_view name) const {
  const auto named = [&](const Container& container) { return container.name == name; };
  return std::ranges::any_of(containers, named) || std::ranges::any_of(init_containers, named) ||
         std::ranges::find(ephemeral_containers, name) != ephemeral_containers.end();
}

Result<Pod> Pod::decode(const JsonValue& object) {
  JsonReader reader(object);
  const auto root = reader.root();
  const auto spec = root["spec"];
  Pod pod;
  pod.meta = decode_meta(root["metadata"]);
  pod.node_name = spec["nodeName"].string();
  pod.priority = static_cast<std::int32_t>(spec["priority"].integer_between(INT32_MIN, INT32_MAX, 0));
  pod.spec = decode_spec(spec, pod.meta.namespace_);
  pod.node_affinity = decode_node_affinity(spec["affinity"]["nodeAffinity"]);
  pod.volumes = decode_volumes(spec["volumes"]);

  const auto status = root["status"];
  pod.phase = status["phase"].string();
  pod.nominated_node_name = status["nominatedNodeName"].string();
  if (const auto started = status["startTime"]) pod.start_time = decode_time(started);
  pod.conditions = decode_conditions(status["conditions"]);
  std::vector<ContainerStatus> statuses;
  for (const auto* key : {"initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"}) {
    decode_container_statuses(status[key], statuses);
  }
  pod.container_statuses = std::move(statuses);
  return reader.finish(std::move(pod));
}

}  // namespace actimanager::api

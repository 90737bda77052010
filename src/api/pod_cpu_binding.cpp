#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <actimanager/api/names.hpp>
#include <actimanager/api/pod_cpu_binding.hpp>

#include "meta_json.hpp"

namespace actimanager::api {
namespace {

using nlohmann::json;

constexpr std::string_view level_names[] = {"None", "CPU", "Core", "Socket", "NUMA"};
constexpr std::string_view quota_names[] = {"keep", "lift"};
constexpr std::string_view isolation_names[] = {"none", "partition"};
constexpr std::string_view binding_status_names[] = {
    "",          "Pending", "PodNotFound", "NodeTopologyNotFound", "InvalidCPUSet", "CPUSetAllocationFailed",
    "Validated", "Applied", "Failed"};

template <class Enum, class Names>
std::optional<Enum> parse_enum(std::string_view text, const Names& names) {
  for (std::size_t i = 0; i < std::size(names); ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

// [{"cpuID": 3}, …], as the spec writes sets.
CpuSet decode_cpu_set(JsonCursor list) {
  CpuSet cpus;
  list.each([&](JsonCursor item) {
    const auto id = item["cpuID"];
    if (!id) return item.fail("has no cpuID");
    const auto value = id.integer_between(0, CpuSet::max_id, -1);
    if (value >= 0) cpus.insert(CpuId{static_cast<int>(value)});
  });
  return cpus;
}

json encode_cpu_set(const CpuSet& cpus) {
  json list = json::array();
  for (const CpuId cpu : cpus) list.push_back({{"cpuID", cpu.value}});
  return list;
}

PodCPUBinding::Spec decode_spec(JsonCursor spec) {
  PodCPUBinding::Spec result;
  result.pod_name = spec["podName"].string();
  result.cpu_set = decode_cpu_set(spec["cpuSet"]);
  result.exclusiveness_level = decode_enum<ExclusivenessLevel>(spec["exclusivenessLevel"], level_names);
  spec["containers"].each([&](JsonCursor item) {
    PodCPUBinding::Container container{item["name"].string(), decode_cpu_set(item["cpuSet"]), {}};
    item["memoryNodes"].each([&](JsonCursor id) {
      const auto value = id.integer_between(0, NumaSet::max_id, -1);
      if (value >= 0) container.memory_nodes.insert(NumaId{static_cast<int>(value)});
    });
    result.containers.push_back(std::move(container));
  });
  result.cfs_quota = decode_enum<CfsQuota>(spec["cfsQuota"], quota_names);
  result.isolation = decode_enum<Isolation>(spec["isolation"], isolation_names);
  return result;
}

PodCPUBinding::Status decode_status(JsonCursor status) {
  PodCPUBinding::Status result;
  result.resource_status = decode_enum<BindingStatus>(status["resourceStatus"], binding_status_names);
  result.node_name = status["nodeName"].string();
  result.observed_generation = status["observedGeneration"].integer();
  result.conditions = decode_conditions(status["conditions"]);
  if (const auto admitted = status["admitted"]) {
    result.admitted =
        PodCPUBinding::Admitted{.generation = admitted["generation"].integer(),
                                .cpu_set = decode_cpu_list(admitted["cpuSet"]),
                                .exclusive_cpus = decode_cpu_list(admitted["exclusiveCPUs"]),
                                .containers = {},
                                .cfs_quota = decode_enum<CfsQuota>(admitted["cfsQuota"], quota_names),
                                .isolation = decode_enum<Isolation>(admitted["isolation"], isolation_names)};
    admitted["containers"].each([&](JsonCursor item) {
      result.admitted->containers.push_back(
          {item["name"].string(), decode_cpu_list(item["cpuSet"]), decode_numa_list(item["memoryNodes"])});
    });
  }
  result.memory_nodes = decode_numa_list(status["memoryNodes"]);
  status["containers"].each([&](JsonCursor item) {
    result.containers.push_back(
        {item["name"].string(), decode_cpu_list(item["cpuSet"]), decode_numa_list(item["memoryNodes"])});
  });
  return result;
}

}  // namespace

std::string_view to_string(ExclusivenessLevel level) {
  return level_names[static_cast<int>(level)];
}
std::string_view to_string(CfsQuota quota) {
  return quota_names[static_cast<int>(quota)];
}
std::string_view to_string(Isolation isolation) {
  return isolation_names[static_cast<int>(isolation)];
}
std::string_view to_string(BindingStatus status) {
  return binding_status_names[static_cast<int>(status)];
}

std::optional<ExclusivenessLevel> parse_exclusiveness_level(std::string_view text) {
  return parse_enum<ExclusivenessLevel>(text, level_names);
}
std::optional<CfsQuota> parse_cfs_quota(std::string_view text) {
  return parse_enum<CfsQuota>(text, quota_names);
}
std::optional<Isolation> parse_isolation(std::string_view text) {
  return parse_enum<Isolation>(text, isolation_names);
}

std::string PodCPUBinding::pod_key() const {
  return meta.namespace_ + "/" + spec.pod_name;
}

const OwnerReference* PodCPUBinding::owner() const {
  const auto& owners = *meta.owner_references;
  const auto it = std::ranges::find(owners, "Pod", &OwnerReference::kind);
  return it == owners.end() ? nullptr : &*it;
}

std::string PodCPUBinding::owner_uid() const {
  const auto* pod = owner();
  return pod == nullptr ? std::string() : pod->uid;
}

bool PodCPUBinding::is_scheduler_made() const {
  const auto* pod = owner();
  return pod != nullptr && pod->controller;
}

bool PodCPUBinding::is_by_hand_for(const ObjectMeta& pod) const {
  const auto* its_owner = owner();
  return !is_scheduler_made() && pod_key() == pod.key() &&
         (its_owner == nullptr || its_owner->uid.empty() || its_owner->uid == pod.uid);
}

bool PodCPUBinding::is_refused() const {
  return status.observed_generation == meta.generation &&
         (status.resource_status == BindingStatus::invalid_cpu_set ||
          status.resource_status == BindingStatus::cpu_set_allocation_failed);
}

const std::string& PodCPUBinding::node_name() const {
  const auto* label = meta.label(node_name_label);
  return label != nullptr && !label->empty() ? *label : status.node_name;
}

std::string PodCPUBinding::name_for_pod(std::string_view pod_name) {
  constexpr std::size_t longest = 253;
  constexpr std::string_view suffix = "-pcb";
  if (pod_name.size() + suffix.size() <= longest) return fmt::format("{}{}", pod_name, suffix);
  std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a
  for (const char c : pod_name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  // The hash begins and ends with a digit or letter, as each part of a name between dots has to.
  return fmt::format("{}{:016x}{}", pod_name.substr(0, longest - 16 - suffix.size()), hash, suffix);
}

Result<PodCPUBinding> PodCPUBinding::decode(const JsonValue& object) {
  JsonReader reader(object);
  PodCPUBinding binding;
  binding.meta = decode_meta(reader.root()["metadata"]);
  binding.status = decode_status(reader.root()["status"]);
  if (!reader.error()) {
    // The spec is a user's: what is wrong with it is for its judge to say, the object itself is there.
    JsonReader spec_reader(object);
    binding.spec = decode_spec(spec_reader.root()["spec"]);
    if (const auto& error = spec_reader.error()) binding.spec_error = error->context;
  }
  return reader.finish(std::move(binding));
}

json encode(const PodCPUBinding::Spec& spec) {
  json result = {{"podName", spec.pod_name},
                 {"cpuSet", encode_cpu_set(spec.cpu_set)},
                 {"exclusivenessLevel", to_string(spec.exclusiveness_level)}};
  for (const auto& container : spec.containers) {
    json entry = {{"name", container.name}, {"cpuSet", encode_cpu_set(container.cpu_set)}};
    for (const NumaId node : container.memory_nodes) entry["memoryNodes"].push_back(node.value);
    result["containers"].push_back(std::move(entry));
  }
  if (spec.cfs_quota != CfsQuota::keep) result["cfsQuota"] = to_string(spec.cfs_quota);
  if (spec.isolation != Isolation::none) result["isolation"] = to_string(spec.isolation);
  return result;
}

json encode(const PodCPUBinding::Status& status) {
  json result = {{"nodeName", status.node_name},
                 {"observedGeneration", status.observed_generation},
                 {"conditions", encode(status.conditions)},
                 {"memoryNodes", status.memory_nodes.to_string()},
                 {"containers", json::array()}};
  if (status.resource_status != BindingStatus::unset)
    result["resourceStatus"] = to_string(status.resource_status);
  if (status.admitted) {
    result["admitted"] = {{"generation", status.admitted->generation},
                          {"cpuSet", status.admitted->cpu_set.to_string()},
                          {"exclusiveCPUs", status.admitted->exclusive_cpus.to_string()},
                          {"cfsQuota", to_string(status.admitted->cfs_quota)},
                          {"isolation", to_string(status.admitted->isolation)},
                          {"containers", json::array()}};
    for (const auto& container : status.admitted->containers) {
      result["admitted"]["containers"].push_back({{"name", container.name},
                                                  {"cpuSet", container.cpu_set.to_string()},
                                                  {"memoryNodes", container.memory_nodes.to_string()}});
    }
  }
  // Repeated at the top, for printer columns and people.
  result["exclusiveCPUs"] = status.admitted ? status.admitted->exclusive_cpus.to_string() : "";
  for (const auto& container : status.containers) {
    result["containers"].push_back({{"name", container.name},
                                    {"cpuSet", container.cpu_set.to_string()},
                                    {"memoryNodes", container.memory_nodes.to_string()}});
  }
  return result;
}

}  // namespace actimanager::api

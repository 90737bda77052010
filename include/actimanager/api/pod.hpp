// Pod (core/v1), as far as pinning and scheduling use it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/container/flat_map.hpp>

#include <actimanager/api/affinity.hpp>
#include <actimanager/api/disk_source.hpp>
#include <actimanager/api/json_value.hpp>
#include <actimanager/api/meta.hpp>
#include <actimanager/core/error.hpp>
#include <actimanager/core/quantity.hpp>

namespace actimanager::api {

// By resource name: "cpu", "memory", "ephemeral-storage", extended ones.
using ResourceList = boost::container::flat_map<std::string, Quantity, std::less<>>;

struct ContainerPort {
  int host_port = 0;  // 0: none
  std::string host_ip;
  std::string protocol;  // "TCP" where the object leaves it out
  bool operator==(const ContainerPort&) const = default;
};

struct Container {
  std::string name;
  std::string image;
  ResourceList requests;
  ResourceList limits;
  std::vector<ContainerPort> ports;  // only those with a host port
  bool restart_always = false;       // an init container with it is a sidecar
  bool operator==(const Container&) const = default;
};

struct ContainerStatus {
  std::string name;
  std::string container_id;  // "containerd://…"; "" while there is none
  bool running = false;
  bool terminated = false;
  std::optional<ResourceList> allocated_resources;  // in-place resize: what the kubelet has granted
  std::optional<ResourceList> resources_requests;   // and what is actually in force
  bool operator==(const ContainerStatus&) const = default;
};

struct NodeSelectorRequirement {
  std::string key;
  std::string op;  // In, NotIn, Exists, DoesNotExist, Gt, Lt
  std::vector<std::string> values;
  bool operator==(const NodeSelectorRequirement&) const = default;
};
struct NodeSelectorTerm {
  std::vector<NodeSelectorRequirement> match_expressions;
  std::vector<NodeSelectorRequirement> match_fields;
  bool operator==(const NodeSelectorTerm&) const = default;
};
struct PreferredSchedulingTerm {
  std::int64_t weight = 0;
  NodeSelectorTerm preference;
  bool operator==(const PreferredSchedulingTerm&) const = default;
};
struct NodeAffinity {
  std::optional<std::vector<NodeSelectorTerm>> required;
  std::vector<PreferredSchedulingTerm> preferred;
  bool operator==(const NodeAffinity&) const = default;
};

struct Toleration {
  std::string key, op, value, effect;
  std::optional<std::int64_t> toleration_seconds;
  bool operator==(const Toleration&) const = default;
};

struct Volume {
  std::string name;
  std::string claim_name;  // of a persistentVolumeClaim; "" otherwise
  bool ephemeral = false;  // a generic ephemeral volume: its claim is named <pod>-<volume>
  DiskSource disk;         // an inline one

  // Whether it has a say in where the Pod can run.
  bool restricts() const { return !claim_name.empty() || ephemeral || !disk.kind.empty(); }
  bool operator==(const Volume&) const = default;
};

// What a Pod's template says of it, as a rule: a controller's Pods have all of it in common.
struct PodSpec {
  std::string scheduler_name;
  std::string preemption_policy;
  bool host_network = false;
  std::vector<std::string> scheduling_gates;
  StringMap node_selector;
  std::vector<Toleration> tolerations;
  std::vector<Container> containers;
  std::vector<Container> init_containers;
  std::vector<std::string> ephemeral_containers;
  ResourceList overhead;
  std::optional<ResourceList> pod_requests;  // spec.resources.requests (Pod-level resources)
  std::optional<ResourceList> pod_limits;
  PodAffinity pod_affinity;
  PodAffinity pod_anti_affinity;
  std::vector<TopologySpreadConstraint> topology_spread_constraints;
  bool has_resource_claims = false;

  // Init and ephemeral containers count, too.
  bool has_container(std::string_view name) const;
  bool operator==(const PodSpec&) const = default;
};

struct Pod {
  ObjectMeta meta;

  // spec
  std::string node_name;
  std::int32_t priority = 0;
  Shared<PodSpec> spec;
  // Not with the rest: by these a DaemonSet's Pods differ, and a StatefulSet's.
  Shared<NodeAffinity> node_affinity;
  Shared<std::vector<Volume>> volumes;  // those that restrict

  // status
  std::string phase;
  std::string nominated_node_name;
  std::optional<Time> start_time;
  Shared<std::vector<Condition>> conditions;
  // Of containers, init and ephemeral containers alike.
  Shared<std::vector<ContainerStatus>> container_statuses;

  // Wishes about other Pods, or to be kept from them.
  bool has_pod_affinity() const { return !spec->pod_affinity.empty() || !spec->pod_anti_affinity.empty(); }
  bool finished() const { return phase == "Succeeded" || phase == "Failed"; }
  bool operator==(const Pod&) const = default;

  // Errors: invalid_argument, naming the field.
  static Result<Pod> decode(const JsonValue& object);
};

}  // namespace actimanager::api

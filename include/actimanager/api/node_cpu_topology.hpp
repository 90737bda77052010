// NodeCPUTopology (nct, cluster scope): what CPUs a node has and who may use them. Named
// "<node>-cputopology".
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <actimanager/api/json_value.hpp>
#include <actimanager/api/meta.hpp>
#include <actimanager/core/error.hpp>
#include <actimanager/topology/topology.hpp>

namespace actimanager::api {

enum class TopologyStatus { unset, needs_sync, node_not_found, fresh, failed };

struct NodeCPUTopology {
  struct Cgroup {
    std::string version;  // "v1", "v2"
    std::string driver;   // "systemd", "cgroupfs"; "" while no Pod shows which
    bool operator==(const Cgroup&) const = default;
  };
  struct Status {
    TopologyStatus resource_status = TopologyStatus::unset;
    std::string internal_ip;
    std::vector<Condition> conditions;
    CpuSet reserved_cpus;  // never handed out exclusively
    CpuSet allocatable;    // online CPUs that a binding may hold exclusively
    CpuSet exclusive;      // held exclusively now
    Cgroup cgroup;
    std::optional<Time> last_change_time;
    bool operator==(const Status&) const = default;
  };

  ObjectMeta meta;
  std::string node_name;
  // Absent where a user made the object with nodeName alone: the node's agent fills it in.
  std::shared_ptr<const topology::Topology> topology;
  Status status;

  static std::string name_for(std::string_view node_name);

  // Errors: invalid_argument, naming the field ("spec.topology.sockets["0"].cores["3"].cpus[1]: …").
  static Result<NodeCPUTopology> decode(const JsonValue& object);
};

std::string_view to_string(TopologyStatus status);

// {"sockets": {"0": {"cores": {"0": {"cpus": [0, 1]}}, "cpus": [0, 1]}}, "numaNodes": …, "cpus": […], …}
nlohmann::json encode(const topology::Topology& topology);
Result<topology::Topology> decode_topology(const JsonValue& topology);
nlohmann::json encode(const NodeCPUTopology::Status& status);

// {"apiVersion", "kind", "metadata": {"name"}, "spec"} as published; no status.
nlohmann::json encode_spec(const NodeCPUTopology& object);

}  // namespace actimanager::api

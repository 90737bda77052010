#include <charconv>
#include <string>

#include <nlohmann/json.hpp>

#include <actimanager/api/names.hpp>
#include <actimanager/api/node_cpu_topology.hpp>

#include "meta_json.hpp"

namespace actimanager::api {
namespace {

using nlohmann::json;
using topology::Topology;

constexpr std::string_view topology_status_names[] = {"", "NeedsSync", "NodeNotFound", "Fresh", "Failed"};

CpuSet decode_cpu_ids(JsonCursor list) {
  CpuSet cpus;
  list.each([&](JsonCursor id) {
    const auto value = id.integer_between(0, CpuSet::max_id, -1);
    if (value >= 0) cpus.insert(CpuId{static_cast<int>(value)});
  });
  return cpus;
}

json encode_cpu_ids(const CpuSet& cpus) {
  json list = json::array();
  for (const CpuId cpu : cpus) list.push_back(cpu.value);
  return list;
}

// Maps are keyed by the decimal id as a string.
int decode_id_key(std::string_view key, JsonCursor value) {
  int id = -1;
  const auto [end, ec] = std::from_chars(key.data(), key.data() + key.size(), id);
  if (ec != std::errc{} || end != key.data() + key.size() || id < 0) {
    value.fail("its key is not an id such as \"0\"");
    return -1;
  }
  return id;
}

std::uint64_t decode_bytes(JsonCursor number) {
  return static_cast<std::uint64_t>(number.integer_between(0, std::numeric_limits<std::int64_t>::max(), 0));
}

topology::Parts decode_parts(JsonCursor spec) {
  topology::Parts parts;
  spec["sockets"].each_member([&](std::string_view socket_key, JsonCursor socket) {
    const SocketId socket_id{decode_id_key(socket_key, socket)};
    CpuSet of_cores;
    socket["cores"].each_member([&](std::string_view core_key, JsonCursor core) {
      parts.cores.push_back({CoreId{decode_id_key(core_key, core)}, socket_id, decode_cpu_ids(core["cpus"])});
      of_cores |= parts.cores.back().cpus;
    });
    const auto listed = socket["cpus"];
    parts.sockets.push_back({socket_id, listed ? decode_cpu_ids(listed) : of_cores});
  });
  spec["numaNodes"].each_member([&](std::string_view key, JsonCursor node) {
    topology::NumaNode numa{.id = NumaId{decode_id_key(key, node)},
                            .cpus = decode_cpu_ids(node["cpus"]),
                            .memory_bytes = decode_bytes(node["memoryBytes"])};
    if (numa.id.value > NumaSet::max_id) node.fail("its id is too large");
    node["distances"].each([&](JsonCursor distance) {
      numa.distances.push_back(static_cast<int>(distance.integer_between(0, 65535, 0)));
    });
    parts.numa_nodes.push_back(std::move(numa));
  });
  spec["caches"].each([&](JsonCursor cache) {
    parts.caches.push_back({.level = static_cast<int>(cache["level"].integer_between(1, 9, 3)),
                            .cpus = decode_cpu_ids(cache["cpus"]),
                            .size_bytes = decode_bytes(cache["sizeBytes"])});
  });
  spec["cpuKinds"].each([&](JsonCursor kind) {
    parts.cpu_kinds.push_back({kind["name"].string(), decode_cpu_ids(kind["cpus"])});
  });
  return parts;
}

std::shared_ptr<const Topology> read_topology(JsonCursor spec) {
  auto topology = Topology::make(decode_parts(spec));
  if (!topology) {
    spec.fail(topology.error().context);
    return nullptr;
  }
  if (const auto cpus = spec["cpus"]; cpus && decode_cpu_ids(cpus) != topology->cpus()) {
    cpus.fail("is not the CPUs of the cores, " + topology->cpus().to_string());
  }
  return std::make_shared<const Topology>(std::move(*topology));
}

}  // namespace

std::string_view to_string(TopologyStatus status) {
  return topology_status_names[static_cast<int>(status)];
}

std::string NodeCPUTopology::name_for(std::string_view node_name) {
  return std::string(node_name) + "-cputopology";
}

Result<NodeCPUTopology> NodeCPUTopology::decode(const JsonValue& object) {
  JsonReader reader(object);
  const auto root = reader.root();
  NodeCPUTopology result;
  result.meta = decode_meta(root["metadata"]);
  result.node_name = root["spec"]["nodeName"].string();
  if (const auto spec = root["spec"]["topology"]; spec && !spec.value()->empty()) {
    result.topology = read_topology(spec);
  }
  const auto status = root["status"];
  result.status.resource_status =
      decode_enum<TopologyStatus>(status["resourceStatus"], topology_status_names);
  result.status.internal_ip = status["internalIP"].string();
  result.status.conditions = decode_conditions(status["conditions"]);
  result.status.reserved_cpus = decode_cpu_list(status["reservedCPUs"]);
  result.status.allocatable = decode_cpu_list(status["allocatable"]);
  result.status.exclusive = decode_cpu_list(status["exclusive"]);
  result.status.cgroup = {status["cgroup"]["version"].string(), status["cgroup"]["driver"].string()};
  if (const auto time = status["lastChangeTime"]) result.status.last_change_time = decode_time(time);
  return reader.finish(std::move(result));
}

Result<Topology> decode_topology(const JsonValue& topology) {
  JsonReader reader(topology);
  const auto decoded = read_topology(reader.root());
  return reader.finish(decoded != nullptr ? *decoded : Topology{});
}

json encode(const Topology& topology) {
  json sockets = json::object();
  for (const auto& socket : topology.sockets()) {
    sockets[std::to_string(socket.id.value)] = {{"cores", json::object()},
                                                {"cpus", encode_cpu_ids(socket.cpus)}};
  }
  for (const auto& core : topology.cores()) {
    sockets[std::to_string(core.socket.value)]["cores"][std::to_string(core.id.value)] = {
        {"cpus", encode_cpu_ids(core.cpus)}};
  }
  json numa_nodes = json::object();
  for (const auto& node : topology.numa_nodes()) {
    auto& entry = numa_nodes[std::to_string(node.id.value)] = {{"cpus", encode_cpu_ids(node.cpus)}};
    if (node.memory_bytes != 0) entry["memoryBytes"] = node.memory_bytes;
    if (!node.distances.empty()) entry["distances"] = node.distances;
  }
  json result = {{"sockets", std::move(sockets)},
                 {"numaNodes", std::move(numa_nodes)},
                 {"cpus", encode_cpu_ids(topology.cpus())}};
  for (const auto& cache : topology.caches()) {
    json entry = {{"level", cache.level}, {"cpus", encode_cpu_ids(cache.cpus)}};
    if (cache.size_bytes != 0) entry["sizeBytes"] = cache.size_bytes;
    result["caches"].push_back(std::move(entry));
  }
  for (const auto& kind : topology.cpu_kinds()) {
    result["cpuKinds"].push_back({{"name", kind.name}, {"cpus", encode_cpu_ids(kind.cpus)}});
  }
  return result;
}

json encode(const NodeCPUTopology::Status& status) {
  json result = {{"internalIP", status.internal_ip},
                 {"conditions", encode(status.conditions)},
                 {"reservedCPUs", status.reserved_cpus.to_string()},
                 {"allocatable", status.allocatable.to_string()},
                 {"exclusive", status.exclusive.to_string()},
                 {"cgroup", {{"version", status.cgroup.version}, {"driver", status.cgroup.driver}}}};
  // The schema knows no empty status.
  if (status.resource_status != TopologyStatus::unset) {
    result["resourceStatus"] = to_string(status.resource_status);
  }
  if (status.last_change_time) result["lastChangeTime"] = format_time(*status.last_change_time);
  return result;
}

json encode_spec(const NodeCPUTopology& object) {
  json spec = {{"nodeName", object.node_name}};
  if (object.topology != nullptr) spec["topology"] = encode(*object.topology);
  return {{"apiVersion", group_version},
          {"kind", "NodeCPUTopology"},
          {"metadata", {{"name", object.meta.name}}},
          {"spec", std::move(spec)}};
}

}  // namespace actimanager::api

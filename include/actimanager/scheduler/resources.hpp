// What a Pod asks for and what a node has, in the integer units kube-scheduler counts in (milli-CPUs, bytes,
// whole units), and how a Pod's containers add up to one request.
//
// Follows component-helpers' PodRequests and the scheduler framework's Resource of Kubernetes 1.35.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/container/flat_map.hpp>

#include <actimanager/api/pod.hpp>

namespace actimanager::scheduler {

struct Resources {
  std::int64_t milli_cpu = 0;
  std::int64_t memory = 0;             // bytes
  std::int64_t ephemeral_storage = 0;  // bytes
  std::int64_t pods = 0;               // of a node: how many Pods it takes; of a Pod: unused
  boost::container::flat_map<std::string, std::int64_t, std::less<>> scalars;  // extended, hugepages, …

  void add(const Resources& other);
  void subtract(const Resources& other);  // entries that fall to zero stay
  std::int64_t scalar(std::string_view name) const;
  bool operator==(const Resources&) const = default;
};

// Whether the scheduler counts this name at all: extended resources, hugepages, *kubernetes.io/… names and
// attachable volumes. Beside cpu, memory, ephemeral-storage and pods, others are not counted.
bool is_scalar_resource(std::string_view name);
bool is_extended_resource(std::string_view name);

struct RequestOptions {
  // Count what the kubelet has granted or is still granting (in-place resize): for Pods on a node.
  bool use_status = false;
  // Containers that leave cpu (memory) out count as 100m (200 MiB), so that Pods without requests weigh
  // something in scores.
  bool non_missing_cpu = false;
  bool non_missing_memory = false;
  bool skip_pod_level = false;  // leave Pod-level requests out
};

// Containers and sidecars together, or the worst moment of the init containers if that is more; Pod-level
// requests replace what they name; overhead is added.
api::ResourceList pod_requests(const api::Pod& pod, const RequestOptions& options = {});

Resources to_resources(const api::ResourceList& list);

struct HostPort {
  std::string ip;        // "0.0.0.0": all
  std::string protocol;  // "TCP", "UDP", "SCTP"
  int port = 0;
  bool operator==(const HostPort&) const = default;
};
// Host ports of containers and sidecars, with defaults filled in.
std::vector<HostPort> host_ports(const api::Pod& pod);
// Same port and protocol, and one of the addresses is all or they are equal.
bool conflicts(const HostPort& a, const HostPort& b);

// What a Pod counts for once it is on a node.
struct PodLoad {
  Resources requests;
  std::int64_t non_zero_milli_cpu = 0;
  std::int64_t non_zero_memory = 0;
  std::vector<HostPort> ports;
  bool operator==(const PodLoad&) const = default;
};
PodLoad pod_load(const api::Pod& pod);

}  // namespace actimanager::scheduler

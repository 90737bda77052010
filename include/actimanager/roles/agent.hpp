// The agent role: one node's. Publishes the node's topology, admits the bindings of its Pods, keeps every
// Pod's cgroups equal to what was admitted, and writes the bindings' statuses. Needs the API server to learn
// of changes, but no leader; while it cannot be reached, what was known last stays enforced.
//
// Before everything about the node is known, no cpuset is touched: a restarted agent unpins nobody. Where
// somebody else owns the cpusets (host/other_owners.hpp) none is touched either, for as long as that is so.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <spdlog/fwd.h>

#include <actimanager/core/cpu_set.hpp>
#include <actimanager/core/error.hpp>
#include <actimanager/core/histogram.hpp>
#include <actimanager/host/cgroup_tree.hpp>
#include <actimanager/kube/client.hpp>
#include <actimanager/kube/event_recorder.hpp>
#include <actimanager/roles/agent_view.hpp>
#include <actimanager/roles/writer_counts.hpp>

namespace actimanager::roles {

struct AgentMetrics {
  std::uint64_t reconciles = 0, cpuset_writes = 0, pin_errors = 0, status_writes = 0;
  std::uint64_t unit_writes = 0;  // calls that set or took back properties of systemd's units
  std::uint64_t quota_writes = 0;
  WriterCounts drifts;                                 // by who made them
  Histogram pin_seconds{Histogram::latency_bounds()};  // a Pod's cgroup was told of -> its cpuset is right
  Histogram reconcile_seconds{Histogram::latency_bounds()};  // one whole look at the node
};

struct AgentOptions {
  std::string node_name;
  host::CgroupTreeOptions cgroups;
  std::string dbus_socket = "/run/dbus/system_bus_socket";  // of the node's systemd; of use on cgroup v2 only
  CpuSet reserved;
  std::chrono::milliseconds reconcile_period = std::chrono::minutes(1);
  std::string kubelet_directory = "/var/lib/kubelet";  // where it keeps its state
};

class Agent {
 public:
  // `topology`: this machine's. All others outlive it. Errors: no cpuset hierarchy, no inotify.
  static Result<std::unique_ptr<Agent>> make(boost::asio::any_io_executor executor, kube::Client& client,
                                             kube::EventRecorder& events, AgentOptions options,
                                             std::shared_ptr<const topology::Topology> topology,
                                             spdlog::logger& log);
  ~Agent();

  // Until cancelled. What is pinned stays pinned.
  boost::asio::awaitable<void> run();

  AgentView view() const;
  // Of every Pod of the node, by namespace and name.
  std::vector<PinView> pins() const;
  const AgentMetrics& metrics() const { return *metrics_; }

 private:
  struct Impl;
  Agent(std::unique_ptr<AgentMetrics> metrics, std::unique_ptr<Impl> impl);
  std::unique_ptr<AgentMetrics> metrics_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace actimanager::roles

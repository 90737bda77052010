// The leader role: what exactly one replica does for the cluster while it holds the Lease: schedules Pods,
// and keeps PodCPUBindings and NodeCPUTopologies in order. A term starts from nothing but the API and leaves
// nothing behind.
//
// Correctness does not rest on there being one leader: every write is a create that can conflict or carries a
// precondition, and each node's agent admits bindings itself.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include <boost/asio/awaitable.hpp>

#include <actimanager/core/histogram.hpp>
#include <actimanager/kube/client.hpp>
#include <actimanager/kube/event_recorder.hpp>
#include <actimanager/scheduler/config.hpp>
#include <actimanager/scheduler/queue.hpp>

namespace actimanager::roles {

// Counted over all terms of this process; queue is that of the current one.
struct LeaderMetrics {
  std::uint64_t scheduled = 0, unschedulable = 0, errors = 0;  // attempts by result
  std::uint64_t preemptions = 0, preemption_victims = 0;
  std::uint64_t bindings_deleted = 0, bindings_replaced = 0, bindings_resized = 0;
  Histogram decision_seconds{Histogram::latency_bounds()};    // one attempt, without its writes
  Histogram scheduling_seconds{Histogram::latency_bounds()};  // from the queue to bound, retries included
  scheduler::QueueLengths queue;
  // How often refused Pods were given another try: by the event, and the plugin that took it for hope ("":
  // there had been no node).
  std::map<std::pair<std::string, std::string>, std::uint64_t> requeues;
};

struct LeaderOptions {
  std::function<scheduler::Config()> config;  // a fresh one for each term
  // Pods being bound at once. An API server that is busy gives each of its clients a share by how much it is
  // asked.
  std::size_t binding_cycles = 96;
};

class Leader {
 public:
  // All outlive it.
  Leader(kube::Client& client, kube::EventRecorder& events, LeaderOptions options, spdlog::logger& log)
      : client_(client), events_(events), options_(std::move(options)), log_(log) {}

  // Until cancelled.
  boost::asio::awaitable<void> term();

  const LeaderMetrics& metrics() const { return metrics_; }

 private:
  kube::Client& client_;
  kube::EventRecorder& events_;
  LeaderOptions options_;
  spdlog::logger& log_;
  LeaderMetrics metrics_;
};

}  // namespace actimanager::roles

// TopologyPublisher: keeps the node's NodeCPUTopology equal to what the agent knows. The spec and what
// matters of the status at once; which CPUs are exclusive right now, a summary of the bindings, within
// `summary_delay`, so that a placed Pod does not cost another write.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <spdlog/fwd.h>

#include <actimanager/api/node_cpu_topology.hpp>
#include <actimanager/async/event.hpp>
#include <actimanager/kube/client.hpp>

#include "node_state.hpp"
#include "published_state.hpp"

namespace actimanager::roles {

class TopologyPublisher {
 public:
  static constexpr std::chrono::seconds summary_delay{30};

  // All outlive it.
  TopologyPublisher(const boost::asio::any_io_executor& executor, kube::Client& client, NodeState& state,
                    std::string node, spdlog::logger& log);

  void want(PublishedState state);
  // Until cancelled.
  boost::asio::awaitable<void> run();

 private:
  using Clock = std::chrono::steady_clock;
  boost::asio::awaitable<Result<void>> publish();
  boost::asio::awaitable<Result<api::NodeCPUTopology>> publish_spec(const api::Node& node);

  kube::Client& client_;
  NodeState& state_;
  std::string node_name_, name_;
  spdlog::logger& log_;
  async::Event work_;
  PublishedState want_;
  Clock::time_point summary_due_ = Clock::time_point::max();
};

}  // namespace actimanager::roles

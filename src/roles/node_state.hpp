// NodeState: the agent's view of the API: its own node's objects, and the few bindings that no node has
// claimed yet.
#pragma once

#include <string>

#include <boost/asio/awaitable.hpp>
#include <fmt/format.h>

#include <actimanager/api/kind.hpp>
#include <actimanager/async/event.hpp>
#include <actimanager/async/task_group.hpp>
#include <actimanager/kube/reflector.hpp>
#include <actimanager/kube/store.hpp>

namespace actimanager::roles {

class NodeState {
 public:
  NodeState(const boost::asio::any_io_executor& executor, kube::Client& client, const std::string& node,
            spdlog::logger& log)
      : unclaimed_listed_(executor),
        pod_watch_(client, kube::resource<api::Pod>(), pods, log, fields("spec.nodeName=" + node)),
        bound_watch_(client, kube::resource<api::PodCPUBinding>(), bound, log,
                     labels(fmt::format("{}={}", api::node_name_label, node))),
        unclaimed_watch_(client, kube::resource<api::PodCPUBinding>(), unclaimed, log,
                         labels(fmt::format("!{}", api::node_name_label))),
        node_watch_(client, kube::resource<api::Node>(), nodes, log, fields("metadata.name=" + node)),
        topology_watch_(client, kube::resource<api::NodeCPUTopology>(), topologies, log,
                        fields("metadata.name=" + api::NodeCPUTopology::name_for(node))) {
    unclaimed.on_synced([this] { unclaimed_listed_.set(); });
  }

  kube::Store<api::Pod> pods;
  kube::Store<api::PodCPUBinding> bound, unclaimed;  // labelled with our node; without a label
  kube::Store<api::Node> nodes;                      // at most one
  kube::Store<api::NodeCPUTopology> topologies;      // at most one

  // What pinning depends on.
  bool synced() const { return pods.synced() && bound.synced() && unclaimed.synced(); }

  // Until cancelled.
  boost::asio::awaitable<void> run() {
    std::vector<boost::asio::awaitable<void>> watches;
    for (auto* watch : {&pod_watch_, &unclaimed_watch_, &node_watch_, &topology_watch_}) {
      watches.push_back(watch->run());
    }
    watches.push_back(watch_bound());
    co_await async::first_to_finish(std::move(watches));
  }

 private:
  // A binding that is labelled goes from the unclaimed to the bound. Listed in this order, it is in one of
  // the two lists at least.
  boost::asio::awaitable<void> watch_bound() {
    co_await unclaimed_listed_.wait();
    co_await bound_watch_.run();
  }
  static kube::ReflectorOptions fields(std::string selector) {
    return few({.field_selector = std::move(selector)});
  }
  static kube::ReflectorOptions labels(std::string selector) {
    return few({.label_selector = std::move(selector)});
  }
  static kube::ReflectorOptions few(kube::ListOptions selected) {
    kube::ReflectorOptions options{std::move(selected)};
    options.page_size = 0;
    return options;
  }

  async::Event unclaimed_listed_;
  kube::Reflector pod_watch_, bound_watch_, unclaimed_watch_, node_watch_, topology_watch_;
};

}  // namespace actimanager::roles

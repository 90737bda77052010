// ClusterState: the leader's view of the whole cluster, kept by four watches for as long as a term lasts.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <actimanager/api/kind.hpp>
#include <actimanager/async/task_group.hpp>
#include <actimanager/kube/reflector.hpp>
#include <actimanager/kube/store.hpp>

namespace actimanager::roles {

class ClusterState {
 public:
  ClusterState(kube::Client& client, spdlog::logger& log)
      : node_reflector_(client, kube::resource<api::Node>(), nodes, log),
        topology_reflector_(client, kube::resource<api::NodeCPUTopology>(), topologies, log),
        binding_reflector_(client, kube::resource<api::PodCPUBinding>(), bindings, log),
        pod_reflector_(client, kube::resource<api::Pod>(), pods, log) {}

  kube::Store<api::Node> nodes;
  kube::Store<api::NodeCPUTopology> topologies;
  kube::Store<api::PodCPUBinding> bindings;
  kube::Store<api::Pod> pods;

  bool synced() const { return nodes.synced() && topologies.synced() && bindings.synced() && pods.synced(); }
  void on_synced(const std::function<void()>& handler) {
    nodes.on_synced(handler);
    topologies.on_synced(handler);
    bindings.on_synced(handler);
    pods.on_synced(handler);
  }

  // Until cancelled.
  boost::asio::awaitable<void> run() {
    std::vector<boost::asio::awaitable<void>> watches;
    watches.push_back(node_reflector_.run());
    watches.push_back(topology_reflector_.run());
    watches.push_back(binding_reflector_.run());
    watches.push_back(pod_reflector_.run());
    co_await async::first_to_finish(std::move(watches));
  }

 private:
  kube::Reflector node_reflector_, topology_reflector_, binding_reflector_, pod_reflector_;
};

}  // namespace actimanager::roles

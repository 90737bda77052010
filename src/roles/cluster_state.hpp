// ClusterState: the leader's view of the whole cluster, kept by a watch for each kind for as long as a term
// lasts.
#pragma once

#include <memory>
#include <tuple>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include <actimanager/api/kind.hpp>
#include <actimanager/async/task_group.hpp>
#include <actimanager/kube/reflector.hpp>
#include <actimanager/kube/store.hpp>
#include <actimanager/scheduler/kept_pods.hpp>

namespace actimanager::roles {

class ClusterState {
  scheduler::KeptPods kept_pods_;

 public:
  ClusterState(kube::Client& client, spdlog::logger& log);

  kube::Store<api::Node> nodes;
  kube::Store<api::NodeCPUTopology> topologies;
  kube::Store<api::PodCPUBinding> bindings;
  // As schedulers see them: see KeptPods.
  kube::Store<api::Pod> pods{[this](api::Pod& pod) { kept_pods_.reduce(pod); }};
  // Whose labels and selectors the Pods' rules about each other ask for.
  kube::Store<api::Namespace> namespaces;
  kube::Store<api::Service> services;
  kube::Store<api::ReplicationController> replication_controllers;
  kube::Store<api::ReplicaSet> replica_sets;
  kube::Store<api::StatefulSet> stateful_sets;
  // How many of them may be evicted.
  kube::Store<api::PodDisruptionBudget> budgets;
  // What volumes there are, and where.
  kube::Store<api::PersistentVolumeClaim> claims;
  kube::Store<api::PersistentVolume> volumes;
  kube::Store<api::StorageClass> storage_classes;
  kube::Store<api::CSINode> csi_nodes;
  kube::Store<api::CSIDriver> csi_drivers;
  kube::Store<api::CSIStorageCapacity> storage_capacities;
  kube::Store<api::VolumeAttachment> volume_attachments;

 private:
  auto stores() {
    return std::tie(nodes, topologies, bindings, pods, namespaces, services, replication_controllers,
                    replica_sets, stateful_sets, budgets, claims, volumes, storage_classes, csi_nodes,
                    csi_drivers, storage_capacities, volume_attachments);
  }

 public:
  bool synced() {
    return std::apply([](const auto&... store) { return (store.synced() && ...); }, stores());
  }
  void on_synced(const std::function<void()>& handler) {
    std::apply([&](auto&... store) { (store.on_synced(handler), ...); }, stores());
  }

  // Until cancelled.
  boost::asio::awaitable<void> run() {
    std::vector<boost::asio::awaitable<void>> watches;
    for (const auto& reflector : reflectors_) watches.push_back(reflector->run());
    co_await async::first_to_finish(std::move(watches));
  }

 private:
  std::vector<std::unique_ptr<kube::Reflector>> reflectors_;
};

inline ClusterState::ClusterState(kube::Client& client, spdlog::logger& log) {
  const auto follow = [&]<class T>(kube::Store<T>& store) {
    reflectors_.push_back(std::make_unique<kube::Reflector>(client, kube::resource<T>(), store, log));
  };
  std::apply([&](auto&... store) { (follow(store), ...); }, stores());
}

}  // namespace actimanager::roles

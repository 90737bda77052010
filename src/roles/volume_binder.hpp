// VolumeBinder: what a Pod's claims need before it can be assigned to its node: volumes that are there are
// reserved for them, and for the others a volume is asked to be made for that node. Then it waits until the
// volume controllers have bound them all.
//
// Nothing is undone: a claim that was meant for a node stays meant for it, and the next attempt goes on from
// there.
#pragma once

#include <chrono>
#include <string>

#include <boost/asio/awaitable.hpp>

#include <actimanager/kube/client.hpp>
#include <actimanager/scheduler/storage.hpp>

#include "cluster_state.hpp"

namespace actimanager::roles {

class VolumeBinder {
 public:
  // `patience`: how long the volume controllers may take. Both outlive it.
  VolumeBinder(kube::Client& client, const ClusterState& cluster,
               std::chrono::nanoseconds patience = std::chrono::minutes(10))
      : client_(client), cluster_(cluster), patience_(patience) {}

  // Errors: conflict (a claim or a volume has changed: decide again), unavailable (they were not bound in
  // time, or the provisioner gave up), not_found (the Pod, or one of them, is gone), and the client's.
  boost::asio::awaitable<Result<void>> bind(const api::Pod& pod, const scheduler::VolumePlan& plan,
                                            const std::string& node);

 private:
  boost::asio::awaitable<Result<void>> reserve(const scheduler::VolumePlan::Static& binding);
  boost::asio::awaitable<Result<void>> ask_for_volume(const std::string& claim, const std::string& node);
  // Whether all are bound; an error if they will not be.
  Result<bool> settled(const scheduler::VolumePlan& plan, const std::string& node) const;

  kube::Client& client_;
  const ClusterState& cluster_;
  std::chrono::nanoseconds patience_;
};

}  // namespace actimanager::roles

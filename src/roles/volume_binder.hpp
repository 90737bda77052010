// VolumeBinder: what a Pod's claims need before it can be assigned to its node: volumes that are there are
// reserved for them, and for the others a volume is asked to be made for that node. Then it waits until the
// volume controllers have bound them all.
//
// Nothing is undone: a claim that was meant for a node stays meant for it, and the next attempt goes on from
// there.
#pragma once

#include <map>
#include <string>

#include <boost/asio/awaitable.hpp>

#include <actimanager/kube/client.hpp>
#include <actimanager/scheduler/storage.hpp>

#include "cluster_state.hpp"

namespace actimanager::roles {

class VolumeBinder {
 public:
  // Both outlive it.
  VolumeBinder(kube::Client& client, const ClusterState& cluster) : client_(client), cluster_(cluster) {}

  // Errors: conflict (a claim or a volume has changed: decide again), unavailable (they were not bound
  // within the plan's timeout, or the provisioner gave up), not_found (the Pod, or one of them, is gone), and
  // the client's.
  boost::asio::awaitable<Result<void>> bind(const api::Pod& pod, const scheduler::VolumePlan& plan,
                                            const std::string& node);

 private:
  // The resourceVersions that claims had when they were written: as long as the watches say so, what was
  // written has not come in.
  using Written = std::map<std::string, std::string>;

  boost::asio::awaitable<Result<void>> reserve(const scheduler::VolumePlan::Static& binding);
  boost::asio::awaitable<Result<void>> ask_for_volume(const std::string& claim, const std::string& node,
                                                      Written& written);
  // Whether all are bound; an error if they will not be.
  Result<bool> settled(const scheduler::VolumePlan& plan, const std::string& node,
                       const Written& written) const;
  // Whether the claim is bound; an error if it is to a volume that cannot be used on the node.
  Result<bool> bound_for(const api::PersistentVolumeClaim& claim, const api::Node& node) const;

  kube::Client& client_;
  const ClusterState& cluster_;
};

}  // namespace actimanager::roles

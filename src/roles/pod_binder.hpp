// PodBinder: the writes of one binding cycle: the PodCPUBinding first, then the Pod's assignment to its node,
// so that no Pod is ever bound without its binding. A crash between the two leaves a binding that the next
// cycle finds again.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include <actimanager/allocator/placement.hpp>
#include <actimanager/api/pod.hpp>
#include <actimanager/api/pod_cpu_binding.hpp>
#include <actimanager/core/error.hpp>
#include <actimanager/kube/client.hpp>

namespace actimanager::roles {

// Where a Pod went, or is about to go, and on which CPUs (nullopt: it has no binding of ours).
struct Target {
  std::string node;
  std::optional<allocator::Placement> placement;
  bool operator==(const Target&) const = default;
};

class PodBinder {
 public:
  // has_node: whether there is a Node of that name.
  PodBinder(kube::Client& client, std::function<bool(const std::string&)> has_node)
      : client_(client), has_node_(std::move(has_node)) {}

  // Makes the binding `<pod>-pcb`, owned by the Pod and labelled with the node. What holds then is returned:
  // the same target, or that of a binding which an earlier cycle of this very Pod has left. A leftover of
  // another Pod of this name, or on a node that is gone, is deleted. Errors: conflict (a binding made by hand
  // bears the name), and the client's.
  boost::asio::awaitable<Result<Target>> persist(const api::Pod& pod, Target target);
  // Assigns the Pod to the node. It being there already is success. Errors: conflict (it is somewhere else),
  // not_found (it is gone), and the client's.
  boost::asio::awaitable<Result<void>> assign(const api::Pod& pod, const std::string& node);
  // Whether the Pod is on no node, by the API server's own word.
  boost::asio::awaitable<Result<bool>> waits(const api::Pod& pod);
  // Deletes a binding, if it still is what we have seen.
  boost::asio::awaitable<Result<void>> remove(const api::PodCPUBinding& binding);

 private:
  kube::Client& client_;
  std::function<bool(const std::string&)> has_node_;
};

// Whether the Pod, this very incarnation of it, controls the binding.
bool is_of(const api::PodCPUBinding& binding, const api::Pod& pod);
// Where an existing binding puts its Pod; "" for a node that is not said.
Target target_of(const api::PodCPUBinding& binding);

}  // namespace actimanager::roles

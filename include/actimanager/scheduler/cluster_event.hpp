// ClusterEvent: something happened to one object, as far as it may make a refused Pod fit, with the object as
// it was and as it is. What happened is told as finely as hints ask for it: an update that nobody could hope
// for is no event.
//
// Follows the events of kube-scheduler 1.35, less those that no plugin here asks for (a node's conditions and
// annotations, resource claims), and adds those of our own objects, of Namespaces and of a Pod's annotations.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <actimanager/api/node.hpp>
#include <actimanager/api/node_cpu_topology.hpp>
#include <actimanager/api/pod_cpu_binding.hpp>
#include <actimanager/api/selecting.hpp>
#include <actimanager/api/storage.hpp>

namespace actimanager::scheduler {

enum class Action : std::uint32_t {
  add = 1U << 0,
  remove = 1U << 1,
  update = 1U << 2,  // of a kind whose updates are not told apart
  node_allocatable = 1U << 3,
  node_labels = 1U << 4,
  node_taints = 1U << 5,  // or the node was uncordoned
  pod_labels = 1U << 6,
  pod_scaled_down = 1U << 7,  // it asks for less of some resource
  pod_tolerations = 1U << 8,
  pod_gates_gone = 1U << 9,  // the last of its scheduling gates
  pod_annotations = 1U << 10,
};
class Actions {
 public:
  constexpr Actions(Action action) : bits_(static_cast<std::uint32_t>(action)) {}
  constexpr bool contains(Action action) const { return (bits_ & static_cast<std::uint32_t>(action)) != 0; }
  friend constexpr Actions operator|(Actions a, Actions b) {
    a.bits_ |= b.bits_;
    return a;
  }

 private:
  std::uint32_t bits_;
};
constexpr Actions operator|(Action a, Action b) {
  return Actions(a) | Actions(b);
}

template <class T>
struct Change {
  std::shared_ptr<const T> before;  // nullptr: it was added
  std::shared_ptr<const T> after;   // nullptr: it is gone

  const T& either() const { return after ? *after : *before; }
};

using AnyChange =
    std::variant<Change<api::Node>, Change<api::Pod>, Change<api::NodeCPUTopology>,
                 Change<api::PodCPUBinding>, Change<api::Namespace>, Change<api::PersistentVolumeClaim>,
                 Change<api::PersistentVolume>, Change<api::StorageClass>, Change<api::CSINode>,
                 Change<api::CSIDriver>, Change<api::CSIStorageCapacity>, Change<api::VolumeAttachment>>;

struct ClusterEvent {
  Action action;
  AnyChange change;
  // Nothing to Pods that are more important than this: they did not make way for what is gone.
  std::optional<std::int32_t> up_to_priority = std::nullopt;
  // Nothing to the Pod itself that it is about.
  bool others_alone = false;
};

// As kube-scheduler's metrics name it: "NodeAdd", "NodeUpdateNodeTaint", "AssignedPodDelete",
// "storage.k8s.io/CSINodeUpdate".
std::string to_string(const ClusterEvent& event);

// What became of one object. Of Pods, what is said of one that had a node, or has none: those that come to a
// node, or were never on one, are for who knows the queue.
std::vector<ClusterEvent> events_of(const Change<api::Node>& change);
std::vector<ClusterEvent> events_of(const Change<api::Pod>& change);
std::vector<ClusterEvent> events_of(const Change<api::NodeCPUTopology>& change);  // not of its status alone
std::vector<ClusterEvent> events_of(const Change<api::PodCPUBinding>& change);    // of whose CPUs it keeps
std::vector<ClusterEvent> events_of(const Change<api::Namespace>& change);        // of its labels
template <class T>
std::vector<ClusterEvent> events_of(const Change<T>& change) {
  return {{change.before == nullptr  ? Action::add
           : change.after == nullptr ? Action::remove
                                     : Action::update,
           change}};
}

}  // namespace actimanager::scheduler

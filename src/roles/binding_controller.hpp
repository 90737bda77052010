// BindingController: the leader's work on PodCPUBindings and NodeCPUTopologies: removes bindings with their
// Pods, says where no agent can judge one, gives a Pod whose binding its agent refused other CPUs and one
// that was resized as many as it asks for, and marks topologies whose Node is gone. What is admitted, and
// what is in the kernel, is the agents' to say.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <actimanager/async/event.hpp>
#include <actimanager/async/task_group.hpp>
#include <actimanager/binding/lifecycle.hpp>
#include <actimanager/kube/event_recorder.hpp>
#include <actimanager/roles/leader.hpp>

#include "cluster_state.hpp"
#include "scheduling.hpp"

namespace actimanager::roles {

class BindingController {
 public:
  // All outlive it.
  BindingController(boost::asio::any_io_executor executor, kube::Client& client, ClusterState& cluster,
                    Scheduling& scheduling, kube::EventRecorder& events, LeaderMetrics& metrics,
                    spdlog::logger& log);

  // Until cancelled. Does nothing before all watches are in.
  boost::asio::awaitable<void> run();

 private:
  using Clock = async::Event::Clock;
  using BindingPointer = kube::Store<api::PodCPUBinding>::Pointer;
  // A key of an object, and which kind of object: bindings first, so that CPUs come free soon.
  struct Item {
    enum class Kind { binding, topology } kind;
    std::string key;
    auto operator<=>(const Item&) const = default;
  };

  void follow_changes();
  void look_at(Item item);
  void look_at_node(const std::string& name);
  void look_at_waiting(const std::string& node);
  void look_at_failed(Clock::time_point now);  // where it is time to
  boost::asio::awaitable<void> loop();

  // Each decides from the stores, and returns the write that is called for, if any.
  std::optional<boost::asio::awaitable<Result<void>>> binding_step(const std::string& key);
  std::optional<boost::asio::awaitable<Result<void>>> topology_step(const std::string& key);
  boost::asio::awaitable<void> carry_out(Item item, boost::asio::awaitable<Result<void>> write);

  boost::asio::awaitable<Result<void>> remove_with_pod(BindingPointer binding);
  // Whose Pod has another one.
  boost::asio::awaitable<Result<void>> remove_second(BindingPointer binding);
  boost::asio::awaitable<Result<void>> move_to_node(BindingPointer binding, std::string node);
  boost::asio::awaitable<Result<void>> write_binding_status(BindingPointer binding,
                                                            api::PodCPUBinding::Status status);
  boost::asio::awaitable<Result<void>> write_topology_status(
      kube::Store<api::NodeCPUTopology>::Pointer topology, api::NodeCPUTopology::Status status);
  // Whether what was written last has yet to come in by the watch.
  bool edit_comes_in(const api::PodCPUBinding& binding);
  std::optional<allocator::Placement> other_cpus(const api::PodCPUBinding& binding, const api::Pod& pod);

  // As many CPUs as the Pod asks for by now.
  std::optional<boost::asio::awaitable<Result<void>>> sizing_step(BindingPointer binding,
                                                                  const api::Pod& pod);
  // Why a binding is given other CPUs.
  enum class Occasion { refused, resized };
  boost::asio::awaitable<Result<void>> write_cpus(BindingPointer binding, allocator::Placement placement,
                                                  Occasion occasion);
  boost::asio::awaitable<Result<void>> write_condition(BindingPointer binding, api::Condition condition);

  kube::Client& client_;
  ClusterState& cluster_;
  Scheduling& scheduling_;
  kube::EventRecorder& events_;
  LeaderMetrics& metrics_;
  spdlog::logger& log_;
  async::Event work_;
  async::TaskGroup writes_;
  std::set<Item> queue_, in_flight_;
  // Whose last write failed: how long it is left alone, and until when.
  struct Failure {
    std::chrono::seconds wait{0};
    Clock::time_point due;
  };
  std::map<Item, Failure> failures_;
  std::multimap<Clock::time_point, Item> later_;  // by when they are due, those that are out of date, too
  std::unordered_map<std::string, std::unordered_set<std::string>>
      of_pod_;  // bindings' keys by "namespace/pod name"
  // Keys of bindings whose Pods would have other CPUs if there were some, by node.
  std::unordered_map<std::string, std::unordered_set<std::string>> waiting_;
  // By key: the version that was given other CPUs last. Until another is seen there is nothing to decide
  // from.
  std::unordered_map<std::string, std::string> edited_from_;
  // By key: UID and generation for which it was told that there are no other CPUs.
  std::unordered_map<std::string, std::pair<std::string, std::int64_t>> without_others_;
};

}  // namespace actimanager::roles

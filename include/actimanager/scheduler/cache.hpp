// Cache: the cluster as the scheduler knows it, kept current by the leader's watches and by its own
// assumptions, and Snapshot, the copy one decision works on. Pure: no clock, no I/O, assumptions do not
// expire: they end by confirmation or by forget().
//
// Every persisted binding on a node occupies its CPUs, judged or not, its Pod bound or not. A binding's node
// is its label, else its status, else its Pod's node. A binding whose Pod has finished holds nothing.
//
// The leader's calls:
//
//   each watch event   queue.move(cache.upsert(node), now)      likewise topology, binding, Pod; and remove_*
//   each decision      cache.update(snapshot);
//                      Decision decision = scheduler.schedule_one(*item.pod, snapshot);
//   placed             cache.assume(*item.pod, decision.node, decision.placement);
//                      … create the PodCPUBinding, POST pods/binding …
//   bound              nothing: the watches confirm. queue.done(uid)
//   bind failed        queue.move(cache.forget(uid), now); queue.retry(item, now);
//                      (a binding object that was created keeps its CPUs until its deletion is seen)
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <actimanager/api/node_cpu_topology.hpp>
#include <actimanager/api/pod_cpu_binding.hpp>
#include <actimanager/scheduler/framework.hpp>

namespace actimanager::scheduler {

// The nodes of the cluster at one moment, of one Cache. Nodes keep their place between updates, and free
// places are null.
class Snapshot {
 public:
  const std::vector<std::shared_ptr<const NodeInfo>>& slots() const { return slots_; }
  int node_count() const { return node_count_; }
  const NodeInfo* find(std::string_view name) const;
  // The generation of each slot's NodeInfo, 0 for a free place: to see what changed without looking at it.
  const std::vector<std::uint64_t>& generations() const { return generations_; }
  // How many nodes list this image name.
  int nodes_with_image(std::string_view name) const;
  std::uint64_t generation() const { return generation_; }
  // Changes whenever a Node was added, removed or edited (not when Pods or bindings come and go).
  std::uint64_t nodes_generation() const { return nodes_generation_; }

 private:
  friend class Cache;
  std::vector<std::shared_ptr<const NodeInfo>> slots_;
  std::vector<std::uint64_t> generations_;
  std::shared_ptr<const std::unordered_map<std::string, std::size_t>> index_;
  std::shared_ptr<const std::unordered_map<std::string, int>> images_;
  int node_count_ = 0;
  std::uint64_t generation_ = 0;
  std::uint64_t nodes_generation_ = 0;
};

class Cache {
 public:
  Cache();
  ~Cache();
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  // Each returns what the change may have made possible.
  Events upsert(std::shared_ptr<const api::Node> node);
  Events remove_node(std::string_view name);
  Events upsert(const api::NodeCPUTopology& topology);
  Events remove_topology(std::string_view node_name);
  Events upsert(const api::PodCPUBinding& binding);
  Events remove_binding(std::string_view namespaced_name);
  // Pods without a node are not counted, finished ones no more; any Pod may be passed.
  Events upsert(const api::Pod& pod);
  Events remove_pod(std::string_view uid);

  // The Pod is on its way to `node`, with these CPUs. A Pod that is assumed already is moved.
  void assume(const api::Pod& pod, std::string_view node,
              const std::optional<allocator::Placement>& placement);
  // It is not, after all. Nothing happens if the Pod has been confirmed meanwhile or is not assumed.
  Events forget(std::string_view uid);
  bool is_assumed(std::string_view uid) const;

  // Brings the snapshot up to date; the cost is that of the nodes that changed since it was last updated by
  // this cache.
  void update(Snapshot& snapshot) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace actimanager::scheduler

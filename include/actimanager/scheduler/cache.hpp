// Cache: the cluster as the scheduler knows it, kept current by the leader's watches and by its own
// assumptions; each decision works on a Snapshot of it. Pure: no clock, no I/O, assumptions do not expire:
// they end by confirmation or by forget().
//
// Every persisted binding on a node occupies its CPUs, judged or not, its Pod bound or not. A binding's node
// is its label, else its status, else its Pod's node. A binding whose Pod has finished holds nothing.
//
// The leader's calls:
//
//   each watch event   feed.changed({before, after}, now)       see feed.hpp
//   each decision      cache.update(snapshot);
//                      Decision decision = scheduler.schedule_one(*item.pod, snapshot);
//   placed             cache.assume(item.pod, decision.node, decision.placement);
//                      … create the PodCPUBinding, POST pods/binding …
//   bound              nothing: the watches confirm. queue.done(uid)
//   bind failed        feed.forget(uid, now); queue.retry(item, now);
//                      (a binding object that was created keeps its CPUs until its deletion is seen)
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include <actimanager/api/node_cpu_topology.hpp>
#include <actimanager/api/pod_cpu_binding.hpp>
#include <actimanager/scheduler/framework.hpp>
#include <actimanager/scheduler/snapshot.hpp>

namespace actimanager::scheduler {

class Cache {
 public:
  Cache();
  ~Cache();
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  void upsert(std::shared_ptr<const api::Node> node);
  void remove_node(std::string_view name);
  void upsert(const api::NodeCPUTopology& topology);
  void remove_topology(std::string_view node_name);
  void upsert(const api::PodCPUBinding& binding);
  // Whether CPUs became free by it: a binding whose Pod has ended has given them up before.
  bool remove_binding(std::string_view namespaced_name);
  // Pods without a node are not counted, finished ones no more; any Pod may be passed. The Pod itself is
  // kept.
  void upsert(PodPointer pod);
  void upsert(const api::Pod& pod) { upsert(std::make_shared<const api::Pod>(pod)); }  // a copy
  void remove_pod(std::string_view uid);

  // Namespaces, Services and Pods' owners: written by the leader's watches, read by plugins.
  void upsert(const api::Namespace& object);
  void remove_namespace(std::string_view name);
  Objects& objects();
  const Objects& objects() const;

  // The Pod is on its way to `node`, with these CPUs. A Pod that is assumed already is moved.
  void assume(const PodPointer& pod, std::string_view node,
              const std::optional<allocator::Placement>& placement);
  void assume(const api::Pod& pod, std::string_view node,
              const std::optional<allocator::Placement>& placement) {
    assume(std::make_shared<const api::Pod>(pod), node, placement);
  }
  // It is not, after all. The Pod as if it had been on that node; nullptr: it has been confirmed meanwhile or
  // is not assumed, and nothing happens.
  PodPointer forget(std::string_view uid);
  bool is_assumed(std::string_view uid) const;

  // The Pod is to go to `node`, as soon as there is room for it; its place is kept free of Pods that are not
  // more important. A Pod is nominated for one node at most, until it is assumed, bound or gone.
  void nominate(const PodPointer& pod, std::string_view node, std::optional<allocator::Placement> placement);
  // Nothing happens if it is not nominated.
  void withdraw_nomination(std::string_view uid);
  // The node it is nominated for; "": none.
  std::string nominated_node(std::string_view uid) const;

  // This binding is about to get these CPUs by an edit: it holds them beside those it has, until any newer
  // version of it comes, which the edit has made or has lost against. Nothing happens where it is not known.
  void assume_edit(std::string_view binding, const allocator::Placement& placement);
  // The edit has not been made. Whether one was assumed.
  bool forget_edit(std::string_view binding);
  // The node that the binding is counted on, as if it held nothing; nullopt: there is none.
  std::optional<NodeInfo> node_without(std::string_view binding) const;

  // The node as it is by now, of no Snapshot; nullptr: there is no such Node. Until the next change.
  const NodeInfo* node(std::string_view name) const;
  // What the Pod, which is on a node or on its way to one, holds of its CPUs.
  PodCpus cpus_of(std::string_view uid) const;

  // Brings the snapshot up to date; the cost is that of the nodes that changed since it was last updated by
  // this cache.
  void update(Snapshot& snapshot) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace actimanager::scheduler

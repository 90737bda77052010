// Snapshot: the cluster as one decision sees it, a copy made by the Cache that costs what has changed since
// the last one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <actimanager/scheduler/node_info.hpp>
#include <actimanager/scheduler/objects.hpp>

namespace actimanager::scheduler {

// What is kept of single Pods.
class PodAccounts {
 public:
  virtual ~PodAccounts() = default;
  // What a Pod on a node holds of its CPUs.
  virtual PodCpus cpus_of(std::string_view uid) const = 0;
  virtual bool is_nominated(std::string_view uid) const = 0;
};

// The nodes of the cluster at one moment, of one Cache. Nodes keep their place between updates, and free
// places are null.
class Snapshot {
 public:
  const std::vector<std::shared_ptr<const NodeInfo>>& slots() const { return slots_; }
  int node_count() const { return node_count_; }
  std::optional<std::size_t> slot_of(std::string_view name) const;
  const NodeInfo* find(std::string_view name) const;
  // The generation of each slot's NodeInfo, 0 for a free place: to see what changed without looking at it.
  const std::vector<std::uint64_t>& generations() const { return generations_; }
  // How many nodes list this image name.
  int nodes_with_image(std::string_view name) const;
  // How many Pods on nodes have wishes about other Pods (affinity or anti-affinity).
  int pods_with_affinity() const { return pods_with_affinity_; }
  // How many Pods are nominated for a node.
  int nominated_pods() const { return nominated_pods_; }
  // A live view, as objects() is; nothing is known of any Pod where there is no cache.
  PodCpus cpus_of(std::string_view uid) const { return pods_ == nullptr ? PodCpus() : pods_->cpus_of(uid); }
  bool is_nominated(std::string_view uid) const { return pods_ != nullptr && pods_->is_nominated(uid); }
  // What else the cluster has. A live view: it is the cache's own.
  const Objects& objects() const;
  std::uint64_t generation() const { return generation_; }
  // Changes whenever a Node was added, removed or edited (not when Pods or bindings come and go).
  std::uint64_t nodes_generation() const { return nodes_generation_; }
  // Changes whenever a Pod with such wishes, or a Namespace, comes, goes or changes.
  std::uint64_t affinity_generation() const { return affinity_generation_; }

 private:
  friend class Cache;
  std::vector<std::shared_ptr<const NodeInfo>> slots_;
  std::vector<std::uint64_t> generations_;
  std::shared_ptr<const std::unordered_map<std::string, std::size_t>> index_;
  std::shared_ptr<const std::unordered_map<std::string, int>> images_;
  int node_count_ = 0;
  std::uint64_t generation_ = 0;
  std::uint64_t nodes_generation_ = 0;
  int pods_with_affinity_ = 0;
  std::uint64_t affinity_generation_ = 0;
  int nominated_pods_ = 0;
  std::shared_ptr<const Objects> objects_;
  const PodAccounts* pods_ = nullptr;
};

// Some of a snapshot's nodes.
class NodeList {
 public:
  NodeList(const Snapshot& snapshot, std::span<const std::size_t> slots)
      : snapshot_(snapshot), slots_(slots) {}
  std::size_t size() const { return slots_.size(); }
  const NodeInfo& operator[](std::size_t i) const { return *snapshot_.slots()[slots_[i]]; }

 private:
  const Snapshot& snapshot_;
  std::span<const std::size_t> slots_;
};

}  // namespace actimanager::scheduler

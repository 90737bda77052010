// Snapshot: the cluster as one decision sees it, a copy made by the Cache that costs what has changed since
// the last one.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
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
  // Whether somebody has bound the Pod by hand: no CPUs are to be found for it.
  virtual bool is_bound_by_hand(const api::ObjectMeta& pod) const = 0;
  // Of what is known of the node now; 0: nothing is.
  virtual std::uint64_t generation_of(std::string_view node) const = 0;
};

class Domains;

// Which node changed when: a generation is a change of one node, and this says of which.
class ChangeLog {
 public:
  static constexpr std::uint32_t no_slot = std::numeric_limits<std::uint32_t>::max();

  // The next generation's change was of the node in this slot; no_slot: of one that no snapshot shows.
  // Forgets the oldest changes when there are many more than slots.
  void add(std::uint32_t slot, std::size_t slot_count);
  // Whether all changes after this generation are remembered.
  bool remembers(std::uint64_t generation) const { return generation >= forgotten_; }
  // Precondition: remembers(generation - 1), and it has been added.
  std::uint32_t slot_at(std::uint64_t generation) const {
    return slots_[static_cast<std::size_t>(generation - forgotten_ - 1)];
  }

 private:
  std::vector<std::uint32_t> slots_;
  std::uint64_t forgotten_ = 0;  // the last generation that is not remembered
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
  // Calls visit(slot) for the nodes that may have changed between this generation and the snapshot's: some
  // more than once, and all of them, free places too, where the changes are not remembered any more.
  // Precondition: the generation is of a snapshot of the same cache with the same nodes_generation(), or 0.
  template <class Visit>
  void each_change_since(std::uint64_t since, const Visit& visit) const {
    if (since == 0 || since > generation_ || changes_ == nullptr || !changes_->remembers(since)) {
      for (std::size_t slot = 0; slot < slots_.size(); ++slot) visit(slot);
      return;
    }
    std::uint32_t last = ChangeLog::no_slot;
    while (since < generation_) {
      const auto slot = changes_->slot_at(++since);
      if (slot != ChangeLog::no_slot && slot != last) visit(std::size_t{slot});
      last = slot;
    }
  }
  // The kinds of Pods that are on the nodes, and some that are not.
  const PodKinds& kinds() const;
  // NodeInfo::name_hash by slot.
  const std::vector<std::uint64_t>& name_hashes() const { return name_hashes_; }
  // The nodes by the values of this label: worked out when it is asked for, and kept for as long as
  // nodes_generation() stays.
  std::shared_ptr<const Domains> domains(std::string_view key) const;
  // How many nodes list this image name.
  int nodes_with_image(std::string_view name) const;
  // How many Pods on nodes have wishes about other Pods (affinity or anti-affinity).
  int pods_with_affinity() const { return pods_with_affinity_; }
  // How many Pods are nominated for a node.
  int nominated_pods() const { return nominated_pods_; }
  // A live view, as objects() is; nothing is known of any Pod where there is no cache.
  PodCpus cpus_of(std::string_view uid) const { return pods_ == nullptr ? PodCpus() : pods_->cpus_of(uid); }
  bool is_nominated(std::string_view uid) const { return pods_ != nullptr && pods_->is_nominated(uid); }
  bool is_bound_by_hand(const api::ObjectMeta& pod) const {
    return pods_ != nullptr && pods_->is_bound_by_hand(pod);
  }
  // Whether the node is still as it is here: what it holds and what cpus_of() says of its Pods agree.
  bool is_current(const NodeInfo& node) const {
    return pods_ == nullptr || pods_->generation_of(node.name()) == node.generation;
  }
  // What else the cluster has. A live view: it is the cache's own.
  const Objects& objects() const;
  std::uint64_t generation() const { return generation_; }
  // Changes whenever a Node was added, removed or edited (not when Pods or bindings come and go).
  std::uint64_t nodes_generation() const { return nodes_generation_; }
  // Changes whenever a Namespace comes, goes or changes.
  std::uint64_t namespaces_generation() const { return namespaces_generation_; }

 private:
  friend class Cache;
  std::vector<std::shared_ptr<const NodeInfo>> slots_;
  std::vector<std::uint64_t> generations_, name_hashes_;
  std::shared_ptr<const std::unordered_map<std::string, std::size_t>> index_;
  std::shared_ptr<const std::unordered_map<std::string, int>> images_;
  int node_count_ = 0;
  std::uint64_t generation_ = 0;
  std::uint64_t nodes_generation_ = 0;
  int pods_with_affinity_ = 0;
  std::uint64_t namespaces_generation_ = 0;
  int nominated_pods_ = 0;
  std::shared_ptr<const Objects> objects_;
  const PodAccounts* pods_ = nullptr;
  const ChangeLog* changes_ = nullptr;  // live views
  const PodKinds* kinds_ = nullptr;
  mutable std::map<std::string, std::shared_ptr<const Domains>, std::less<>> domains_;
};

// Some of a snapshot's nodes.
class NodeList {
 public:
  NodeList(const Snapshot& snapshot, std::span<const std::size_t> slots)
      : snapshot_(snapshot), slots_(slots) {}
  // Each stands for so many nodes that the plugins cannot tell apart.
  NodeList(const Snapshot& snapshot, std::span<const std::size_t> slots, std::span<const std::size_t> counts)
      : snapshot_(snapshot), slots_(slots), counts_(counts) {}
  std::size_t size() const { return slots_.size(); }
  const NodeInfo& operator[](std::size_t i) const { return *snapshot_.slots()[slots_[i]]; }
  std::size_t slot(std::size_t i) const { return slots_[i]; }
  std::size_t count(std::size_t i) const { return counts_.empty() ? 1 : counts_[i]; }

 private:
  const Snapshot& snapshot_;
  std::span<const std::size_t> slots_;
  std::span<const std::size_t> counts_;  // empty: 1 each
};

}  // namespace actimanager::scheduler

// The Cache's books. Everything a node's NodeInfo says is derived from records kept here: its Node, its
// topology, its Pods' loads, and what bindings and assumptions hold of its CPUs.
#pragma once

#include <list>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <actimanager/api/by_key.hpp>
#include <actimanager/core/string_hash.hpp>
#include <actimanager/scheduler/cache.hpp>

namespace actimanager::scheduler {

template <class T>
using ByName = std::unordered_map<std::string, T, StringHash, std::equal_to<>>;
using Names = std::set<std::string, std::less<>>;

struct Cache::Impl : PodAccounts {
  struct NodeRecord;
  // There are many: what follows from the Pod is worked out anew where it is needed.
  struct PodRecord {
    PodPointer pod;
    NodeRecord* node;  // where it counts; stays for as long as this does
    PodKindPointer kind;
    std::int64_t milli_cpu;  // that it requests
    bool assumed = false;
    bool in_pool = false;  // its CPU request is counted against the node's shared pool
  };
  struct BindingRecord {
    std::vector<allocator::Holding> holdings;
    std::optional<allocator::Holding> edit;  // on its way to the API: held beside the others
    std::string pod_key;
    std::string owner_uid;   // of the Pod it belongs to, if it says so
    std::string named_node;  // of the scheduler's own: it may precede its Pod
    std::string node;        // where it is counted; "": nowhere
    bool by_hand = false;    // and not about to go
    bool released = false;   // its Pod has finished or is gone

    // Not where it belongs to another Pod of this name.
    bool may_be_of(std::string_view uid) const { return owner_uid.empty() || owner_uid == uid; }
    template <class Use>
    void each_holding(const Use& use) const {
      for (const auto& holding : holdings) use(holding);
      if (edit) use(*edit);
    }
  };
  struct Assumption {  // a binding on its way to the API
    std::string node;
    allocator::Holding holding;
  };
  struct Nomination {
    std::string node;
    PodPointer pod;
  };
  struct NodeRecord {
    std::string name;
    std::shared_ptr<NodeInfo> info = std::make_shared<NodeInfo>();  // shared with snapshots: see writable()
    std::shared_ptr<const topology::Topology> topology;
    CpuSet reserved;
    std::size_t slot = no_slot;              // none while there is no Node
    std::list<NodeRecord*>::iterator place;  // in `recent`
    Names bindings, assumptions;             // counted here: keys, Pod UIDs
  };
  static constexpr std::size_t no_slot = static_cast<std::size_t>(-1);

  // cache_nodes.cpp
  void upsert_node(std::shared_ptr<const api::Node> node);
  void remove_node(std::string_view name);
  void set_topology(std::string_view node, std::shared_ptr<const topology::Topology> topology,
                    const CpuSet& reserved);
  void update(Snapshot& snapshot) const;
  NodeRecord& record(std::string_view node);
  void drop_if_unused(NodeRecord& node);
  NodeInfo& writable(NodeRecord& node);  // and marks it changed
  void count_images(const api::Node& node, int sign);

  // cache_pods.cpp
  void upsert_pod(const PodPointer& pod);
  void remove_pod(std::string_view uid);
  void assume(const PodPointer& pod, std::string_view node,
              const std::optional<allocator::Placement>& placement);
  void assume_holding(const api::Pod& pod, std::string_view node, allocator::Holding holding);
  PodPointer forget(std::string_view uid);
  void nominate(const PodPointer& pod, std::string_view node, std::optional<allocator::Placement> placement);
  void withdraw_nomination(std::string_view uid);
  void renew_nominated(const PodPointer& pod);  // it is there in a newer version
  PodCpus cpus_of(std::string_view uid) const override;
  bool is_nominated(std::string_view uid) const override { return nominations.contains(uid); }
  bool is_bound_by_hand(const api::ObjectMeta& pod) const override;
  std::uint64_t generation_of(std::string_view node) const override;
  // The binding of the Pod on the node holds this already.
  bool is_held(const api::Pod& pod, std::string_view node, const allocator::Holding& holding) const;
  void count_pod(const PodPointer& pod, std::string_view node, const PodLoad& load, bool assumed);
  // The Pod of this record in a newer version that asks for the same.
  void renew_pod(std::string_view uid, const PodPointer& pod);
  // Of the counted Pod with this namespace/name; "": there is none.
  std::string_view uid_of(std::string_view pod_key) const;
  void uncount_pod(std::string_view uid);
  // So many Pods of the record's kind came to its node, or left it.
  void count_kind(NodeInfo& info, const PodKindPointer& kind, int change);
  // Whether the Pod runs in the shared pool, anew.
  void recount_pool(std::string_view uid);

  // cache_bindings.cpp
  void upsert_binding(const api::PodCPUBinding& binding);
  bool remove_binding(std::string_view key);
  void assume_edit(std::string_view key, const allocator::Placement& placement);
  bool forget_edit(std::string_view key);
  std::optional<NodeInfo> node_without(std::string_view key) const;
  void count_binding(const std::string& key, BindingRecord& binding);
  void uncount_binding(const std::string& key, BindingRecord& binding);
  // The Pod is on a node now, or has ended: its bindings follow.
  void place_bindings_of(std::string_view pod_key, std::string_view uid);
  void release_bindings_of(std::string_view pod_key, std::string_view uid);
  void drop_assumption(std::string_view uid);

  ByName<NodeRecord> nodes;
  // Bound or assumed, and not finished. The UID is that of the record's own Pod.
  std::unordered_map<std::string_view, PodRecord, StringHash, std::equal_to<>> pods;
  std::unordered_set<const api::Pod*, api::KeyHash, api::KeyEqual> pods_by_key;  // the Pods of these records
  ByName<BindingRecord> bindings;                                                // by namespace/name
  ByName<Names> bindings_of_pod;   // by the Pod's namespace/name: the bindings' keys
  ByName<Assumption> assumptions;  // by Pod UID
  ByName<Nomination> nominations;  // by Pod UID

  std::list<NodeRecord*> recent;  // records with a Node, the last changed first
  std::vector<std::size_t> free_slots;
  std::size_t slot_count = 0;
  std::uint64_t generation = 0;
  ChangeLog changes;  // one for each generation
  std::uint64_t nodes_generation = 0;
  std::uint64_t namespaces_generation = 0;
  PodKinds kinds;
  int pods_with_affinity = 0;
  std::shared_ptr<Objects> objects = std::make_shared<Objects>();
  std::shared_ptr<std::unordered_map<std::string, std::size_t>> index =
      std::make_shared<std::unordered_map<std::string, std::size_t>>();
  std::shared_ptr<std::unordered_map<std::string, int>> images =
      std::make_shared<std::unordered_map<std::string, int>>();
};

}  // namespace actimanager::scheduler

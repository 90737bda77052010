// The scheduling framework, in Kubernetes' vocabulary: plugins with extension points, the state they share
// within one decision, and what they hope for a Pod they have refused. Follows the kube-scheduler framework
// of Kubernetes 1.35. PreBind, Bind and PostBind write to the API and are the leader's.
//
// A plugin is const after construction and keeps nothing between decisions: what PreFilter or PreScore works
// out for one Pod goes into the CycleState.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <typeindex>
#include <utility>
#include <vector>

#include <actimanager/allocator/placement.hpp>
#include <actimanager/scheduler/node_info.hpp>
#include <actimanager/scheduler/queueing_hint.hpp>
#include <actimanager/scheduler/snapshot.hpp>

namespace actimanager::scheduler {

class Filters;

inline constexpr std::int64_t max_node_score = 100;

enum class Code {
  success,                         // go on
  unschedulable,                   // not on this node now; removing Pods might help
  unschedulable_and_unresolvable,  // not on this node, whatever Pods leave it
  skip,   // this plugin has nothing to say about this Pod: leave its later points out
  error,  // the decision is off: retry with backoff
};
std::string_view to_string(Code code);  // "Unschedulable", as Kubernetes writes it

struct Status {
  Code code = Code::success;
  std::vector<std::string> reasons;  // in operators' words
  std::string_view plugin;           // who said so; filled in by the framework

  bool ok() const { return code == Code::success; }
  bool rejected() const {
    return code == Code::unschedulable || code == Code::unschedulable_and_unresolvable;
  }
};
Status unschedulable(std::string reason);
Status unresolvable(std::string reason);
Status skip();

// The CPUs a Pod wants, gathered from the CPU plugins in PreFilter.
struct CpuWish {
  int cpus = 1;
  std::int64_t milli_cpu = 0;                              // its CPU request, for the shared pool's account
  std::optional<allocator::Shape> shape;                   // from WorkloadAware
  std::optional<api::ExclusivenessLevel> class_level;      // from WorkloadAware
  std::optional<api::ExclusivenessLevel> isolation_level;  // from PodIsolation; wins

  allocator::Request request(const NodeInfo& node) const;
};

// What the plugins share within one decision. A copy costs little: what was written is shared until one of
// them edits it.
class CycleState {
 public:
  struct Data {
    virtual ~Data() = default;
  };
  // One of each type for each owner.
  template <class T>
  void write(const void* owner, std::unique_ptr<T> data) {
    data_[{owner, typeid(T)}] = std::move(data);
  }
  // What the owner wrote, to change it; one without a value yet where it wrote none. Copies of this state
  // keep what they have.
  template <class T>
  T& edit(const void* owner) {
    auto& data = data_[{owner, typeid(T)}];
    if (data == nullptr) {
      data = std::make_shared<T>();
    } else if (data.use_count() > 1) {
      data = std::make_shared<T>(static_cast<const T&>(*data));
    }
    return static_cast<T&>(*data);
  }
  // nullptr if the owner wrote none.
  template <class T>
  const T* read(const void* owner) const {
    const auto it = data_.find(Key(owner, typeid(T)));
    return it == data_.end() ? nullptr : static_cast<const T*>(it->second.get());
  }

  std::optional<CpuWish> cpu_wish;
  // Reserve's results.
  std::optional<allocator::Placement> placement;
  VolumePlan volumes;

 private:
  using Key = std::pair<const void*, std::type_index>;
  boost::container::flat_map<Key, std::shared_ptr<Data>> data_;
};

enum class Point : std::uint32_t {
  queue_sort = 1U << 0,
  pre_enqueue = 1U << 1,
  pre_filter = 1U << 2,
  filter = 1U << 3,
  post_filter = 1U << 4,
  pre_score = 1U << 5,
  score = 1U << 6,
  reserve = 1U << 7,
  permit = 1U << 8,
  pre_bind = 1U << 9,
  bind = 1U << 10,
  post_bind = 1U << 11,
};
using Points = std::uint32_t;
constexpr Points operator|(Point a, Point b) {
  return static_cast<Points>(a) | static_cast<Points>(b);
}
constexpr Points operator|(Points a, Point b) {
  return a | static_cast<Points>(b);
}
constexpr bool has(Points points, Point point) {
  return (points & static_cast<Points>(point)) != 0;
}

struct PreFilterResult {
  Status status;
  std::optional<std::set<std::string, std::less<>>> node_names;  // only these; nullopt: all
};

// The Pod can go to the node once the victims have left.
struct Nomination {
  std::string node;
  std::vector<PodPointer> victims;                // never none; the most important first
  int violations = 0;                             // how many of them a PodDisruptionBudget protects
  std::optional<allocator::Placement> placement;  // the CPUs that will be its own, for a Pod that wants some
};
struct PostFilterResult {
  Status status;                              // success: there is a nomination
  std::optional<Nomination> nomination = {};  // the best of the candidates
  std::vector<Nomination> candidates = {};    // by node
  // No nomination, and no reason to doubt an earlier one.
  bool keep_nominated_node = false;
  // No nomination, and one may be found in a newer snapshot.
  bool outdated = false;
};
// A PostFilter that takes long is done in turns.
struct PostFilterTurn {
  // About as many Pods may be looked at before others get theirs.
  std::size_t pods = std::numeric_limits<std::size_t>::max();
  // Of the plugin, from turn to turn.
  std::unique_ptr<CycleState::Data> progress = nullptr;
};
// What a decision has found out before PostFilter.
struct Refusals {
  const Filters& filters;
  std::span<const std::size_t> unschedulable;  // the slots of nodes where fewer Pods might help
};

class Plugin {
 public:
  virtual ~Plugin() = default;
  virtual std::string_view name() const = 0;
  virtual Points points() const = 0;  // the extension points it implements

  virtual Status pre_enqueue(const api::Pod&) const { return {}; }
  virtual PreFilterResult pre_filter(CycleState&, const api::Pod&, const Snapshot&) const { return {}; }
  virtual Status filter(const CycleState&, const api::Pod&, const NodeInfo&) const { return {}; }
  // What PreFilter wrote follows: another Pod has come to the node (1), or left it (-1).
  virtual void count_pod(CycleState&, const api::Pod&, const api::Pod& /*other*/, const NodeInfo&,
                         int /*change*/) const {}
  // No node is feasible: what could be done about it. nullopt: it takes another turn, with nothing changed.
  virtual std::optional<PostFilterResult> post_filter(const CycleState&, const api::Pod&, const Snapshot&,
                                                      const Refusals&, PostFilterTurn&) const {
    return PostFilterResult{.status = {Code::unschedulable, {}, {}}};
  }
  virtual Status pre_score(CycleState&, const api::Pod&, const Snapshot&,
                           const NodeList& /*feasible*/) const {
    return {};
  }
  virtual std::int64_t score(const CycleState&, const api::Pod&, const NodeInfo&) const { return 0; }
  // Brings the scores of all feasible nodes into [0, max_node_score]. Nodes that can be told apart by neither
  // their scores nor facet() get the same, however many there are.
  virtual void normalize(const CycleState&, const NodeList& /*feasible*/, std::span<std::int64_t>) const {}
  virtual bool normalizes() const { return false; }
  virtual Status reserve(CycleState&, const api::Pod&, const NodeInfo&) const { return {}; }

  // Whether what it says about a node depends on the Pods of others, too. If so, its PreFilter never refuses
  // a Pod; it implements recount() and facet(); and PreFilter and PreScore are called again for each decision
  // on a Pod that it cannot tell from the last one, with the state as it is.
  virtual bool spans_nodes() const { return false; }
  // Brings what the state says of the nodes' Pods up to the snapshot, which is of the same nodes and
  // Namespaces as the last one, if there was any. Returns whether facet() may be another for nodes that have
  // not changed.
  virtual bool recount(CycleState&, const api::Pod&, const Snapshot&) const { return false; }
  // Appends numbers. Of nodes with equal numbers it says the same: in Filter, Score and NormalizeScore, now
  // and until one of them changes.
  virtual void facet(const CycleState&, std::size_t /*slot*/, const NodeInfo&,
                     std::vector<std::int64_t>& /*numbers*/) const {}

  // What may make a Pod that this plugin refused fit.
  virtual std::vector<Interest> interests() const { return {}; }
  // What the answers depend on beside the node itself: two Pods with equal signatures get equal ones from
  // this plugin, for as long as the Snapshot's nodes_generation() and namespaces_generation() stay. Appends
  // to `out`; false if there is no such text.
  virtual bool sign(const api::Pod&, const Snapshot&, std::string& out) const = 0;
};

}  // namespace actimanager::scheduler

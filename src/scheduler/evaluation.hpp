// Evaluation: what the plugins of a profile say about one kind of Pod on every node of a snapshot, kept from
// decision to decision. Pods that no plugin can tell apart (equal signatures) share one.
//
// Between two decisions only nodes that changed are asked about again. Nodes of which everything known is
// equal form a group, and a decision is made among groups: what depends on the Pods of other nodes, which
// changes without the node, is asked anew of one node of each facet (Plugin::facet). So a decision costs as
// much as there are changed nodes, groups, and equally good nodes, however many nodes there are.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include <actimanager/scheduler/config.hpp>
#include <actimanager/scheduler/scheduler.hpp>

#include "filters.hpp"

namespace actimanager::scheduler {

class Evaluation {
 public:
  Evaluation(const Profile& profile, const api::Pod& pod, const Snapshot& snapshot);

  // Whether the snapshot differs from that of the construction in no more than some nodes' Pods, and what is
  // kept has not grown beyond measure.
  bool is_of(const Snapshot& snapshot) const;
  // What PreFilter and Filter say about one node, which need not be as it is in the snapshot.
  Status ask(const api::Pod& pod, const NodeInfo& node) const;
  // Does a part of what the next refresh() would: asks about so many nodes that nobody has asked about yet.
  // Whether there are more. Precondition: is_of(snapshot).
  bool look_ahead(const api::Pod& pod, const Snapshot& snapshot, std::size_t nodes);
  // Asks the plugins about what changed since. Precondition: is_of(snapshot).
  void refresh(const api::Pod& pod, const Snapshot& snapshot);

  // The best node's slot; nullopt: none is feasible. `pod_hash` breaks ties. Once after each refresh().
  std::optional<std::size_t> best(const api::Pod& pod, const Snapshot& snapshot, std::uint64_t pod_hash);
  int feasible_nodes() const { return feasible_; }

  CycleState& state() { return state_; }
  const CycleState& state() const { return state_; }
  // A plugin failed: no answer. Where there is only one node to choose, nobody is asked for scores.
  const std::optional<Status>& failure() const {
    if (pre_filter_failure_) return pre_filter_failure_;
    return !filter_failure_ && feasible_ > 1 ? score_failure_ : filter_failure_;
  }
  const Filters& filters() const { return filters_; }
  // Of no slot where a PreFilter has refused the Pod.
  bool is_feasible(std::size_t slot) const;
  // The slots of nodes that might become feasible if Pods left them.
  std::vector<std::size_t> unschedulable() const;
  // Why no node is feasible.
  std::string message(const Snapshot& snapshot) const;
  // The plugins that said so, in the profile's order.
  std::vector<const Plugin*> rejected_by() const;

 private:
  using Verdict = std::int32_t;
  static constexpr Verdict absent = -1, feasible = 0;  // else index into refusals_, plus 1
  struct Refusal {
    Status status;
    std::size_t order;  // of the plugin among the profile's filters
  };
  using Numbers = std::vector<std::int64_t>;
  struct NumbersHash {
    std::size_t operator()(const Numbers& numbers) const;
  };

  // A plugin that spans nodes.
  struct Wide {
    struct Facet {
      std::uint64_t asked = 0, scored = 0;  // the round it was last
      Verdict verdict = feasible;
      std::int64_t score = 0;
    };
    const Plugin* plugin;
    std::optional<std::size_t> order = {};    // among the profile's filters; nullopt: it is none
    std::optional<std::int64_t> weight = {};  // nullopt: it does not score
    std::unordered_map<Numbers, std::size_t, NumbersHash> by_numbers = {};
    std::vector<Facet> facets = {};
  };
  // Nodes with equal keys: what plugins say that look at the node alone, and the facets of the others.
  struct Group {
    Numbers key;
    std::vector<std::size_t> slots;  // none: the group is free
    Verdict verdict = absent;        // this round
  };
  // The parts of a key. Then come the scores of `normalized_`, and the facets of `wide_`.
  enum Part : std::size_t {
    alone,      // the slot plus 1 of a node that Pods are nominated for; 0 for others
    own,        // the Verdict of plugins that look at the node alone
    plain_sum,  // weighted scores of those of them that do not normalize
    first_score,
  };
  static constexpr std::size_t no_group = static_cast<std::size_t>(-1);

  void pre_filter(const api::Pod& pod, const Snapshot& snapshot);
  void sort_plugins();
  void choose_filters();
  // Wide plugins bring what they count up to date. Returns whether facets have to be asked for anew.
  bool recount(const api::Pod& pod, const Snapshot& snapshot);
  void pre_score(const api::Pod& pod, const Snapshot& snapshot, std::size_t slot);

  Verdict ask_own(const api::Pod& pod, const NodeInfo& node);
  // Unless it has not changed since.
  void look_at(const api::Pod& pod, const Snapshot& snapshot, std::size_t slot);
  void set_facets(const NodeInfo& node, std::size_t slot, Numbers& key);
  void put(std::size_t slot, const Numbers& key);
  void take_out(std::size_t slot);

  void judge(const api::Pod& pod, const Snapshot& snapshot);
  Verdict verdict_of(const Group& group, const api::Pod& pod, const Snapshot& snapshot);
  Verdict refuse(Status status);
  std::size_t order_of(std::string_view plugin) const;
  Wide::Facet& facet_of(const Group& group, std::size_t wide);
  void score_wide(Wide& wide, std::size_t index, const api::Pod& pod, const NodeList& nodes);

  const Profile& profile_;
  std::uint64_t nodes_generation_, namespaces_generation_;
  CycleState state_;
  std::optional<Status> pre_filter_failure_, pre_filter_refusal_;
  std::optional<Status> filter_failure_;                    // on any node: the decision is off
  std::optional<Status> score_failure_;                     // of a PreScore
  std::set<const Plugin*> skipped_;                         // by PreFilter
  std::optional<std::set<std::string, std::less<>>> only_;  // these nodes alone
  std::set<std::string, std::less<>> narrowed_by_;          // the plugins that said so
  Filters filters_;

  // Plugins that look at the node alone. `normalized_` has all that do, those that PreScore skips as nullptr.
  std::vector<const Plugin*> own_filters_;
  bool pre_scored_ = false;
  std::vector<Profile::Scorer> plain_, normalized_;
  std::vector<Wide> wide_;  // in the order of filters

  std::uint64_t seen_ = 0;  // the snapshot's generation
  std::size_t next_ = 0;    // slots before it have been looked at once
  bool facets_outdated_ = false;
  std::vector<std::uint64_t> seen_node_;  // by slot: its generation
  std::vector<std::size_t> group_of_;     // by slot
  std::vector<std::size_t> place_;        // by slot: where in its group
  std::vector<Group> groups_;
  std::vector<std::size_t> free_groups_;
  std::unordered_map<Numbers, std::size_t, NumbersHash> by_key_;
  std::vector<Refusal> refusals_;
  std::uint64_t round_ = 0;
  int feasible_ = 0;

  // Scratch, kept for its memory.
  std::vector<std::size_t> candidates_, nodes_, counts_;  // feasible groups; a node of each, and of how many
  std::vector<std::int64_t> scores_, totals_;
  Numbers key_, numbers_;
};

}  // namespace actimanager::scheduler

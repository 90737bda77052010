// What PodTopologySpread counts: a Pod's fellows, those that a constraint selects, by node and by domain.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/container/flat_map.hpp>

#include <actimanager/api/affinity.hpp>
#include <actimanager/scheduler/framework.hpp>

#include "../domains.hpp"

namespace actimanager::scheduler::spreading {

using api::TopologySpreadConstraint;
using Constraints = std::vector<TopologySpreadConstraint>;

// The node has a domain of each of them.
inline bool has_all_keys(const Constraints& constraints, const api::Node& node) {
  return std::ranges::all_of(constraints, [&](const auto& constraint) {
    return node.meta.label(constraint.topology_key) != nullptr;
  });
}

inline bool is_fellow(const TopologySpreadConstraint& constraint, const std::string& pod_namespace,
                      const PodKind& kind) {
  return !kind.leaving && kind.namespace_ == pod_namespace && constraint.label_selector.matches(kind.labels);
}

inline std::int64_t count_fellows(const TopologySpreadConstraint& constraint,
                                  const std::string& pod_namespace, const NodeInfo& info) {
  if (constraint.label_selector.selects_everything()) return 0;
  std::int64_t fellows = 0;
  for (const auto& pods : info.kinds) {
    if (is_fellow(constraint, pod_namespace, *pods.kind)) fellows += pods.count;
  }
  return fellows;
}

// Calls count(slot, fellows) for nodes that may have changed since this generation of the snapshot; 0: for
// all nodes that have any.
template <class Count>
void count_fellows(const TopologySpreadConstraint& constraint, const std::string& pod_namespace,
                   const Snapshot& snapshot, std::uint64_t since, const Count& count) {
  const auto& slots = snapshot.slots();
  if (since != 0) {
    snapshot.each_change_since(since, [&](std::size_t slot) {
      if (slots[slot] != nullptr) count(slot, count_fellows(constraint, pod_namespace, *slots[slot]));
    });
    return;
  }
  if (constraint.label_selector.selects_everything()) return;
  std::vector<bool> is_one;  // by the kind's id
  bool any = false;
  for (const auto& kind : snapshot.kinds()) {
    if (!is_fellow(constraint, pod_namespace, *kind)) continue;
    any = true;
    if (kind->id >= is_one.size()) is_one.resize(kind->id + 1);
    is_one[kind->id] = true;
  }
  if (!any) return;
  for (std::size_t slot = 0; slot < slots.size(); ++slot) {
    if (slots[slot] == nullptr) continue;
    std::int64_t fellows = 0;
    for (const auto& pods : slots[slot]->kinds) {
      if (pods.id < is_one.size() && is_one[pods.id]) fellows += pods.count;
    }
    if (fellows != 0) count(slot, fellows);
  }
}

// For Filter.
struct Hard : CycleState::Data {
  struct Part {
    TopologySpreadConstraint constraint;
    std::int64_t itself;         // 1 if the Pod is one of those it counts
    std::vector<bool> includes;  // by slot
    DomainSums fellows;          // of the nodes it includes
    std::int64_t domains;        // how many there are that it includes a node of
    // How many of these have so many fellows.
    boost::container::flat_map<std::int64_t, std::int64_t> spectrum;

    void recount(std::size_t slot, std::int64_t number) {
      if (!includes[slot]) return;
      const auto domain = fellows.home(slot);
      const auto before = fellows.of(domain);
      fellows.set(slot, number);
      const auto now = fellows.of(domain);
      if (now == before) return;
      ++spectrum[now];
      if (--spectrum[before] == 0) spectrum.erase(before);
    }
    // The fewest fellows in any domain, if this one had so many more.
    std::int64_t fewest(std::int32_t domain, std::int64_t more) const {
      // With fewer domains than wanted, the next one is as good as there, and empty.
      if (domains < constraint.min_domains.value_or(1)) return 0;
      auto it = spectrum.begin();
      if (more == 0) return it->first;
      const auto count = fellows.of(domain);
      if (it->first == count && it->second == 1) ++it;
      return it == spectrum.end() ? count + more : std::min(it->first, count + more);
    }
  };
  bool is_set = false;
  std::vector<Part> parts;
  std::uint64_t seen = 0;  // the snapshot's generation
};

// On one node there are some fellows more or fewer, for each of the hard constraints.
struct Shift : CycleState::Data {
  std::vector<std::int64_t> fellows;
};

// For Score.
struct Soft : CycleState::Data {
  struct Part {
    TopologySpreadConstraint constraint;
    std::vector<bool> includes;         // by slot
    std::optional<DomainSums> fellows;  // of the nodes it includes; none for host names
    std::vector<std::int64_t> own;      // by slot, for host names: each node has its own
    double weight = 0;                  // so that few large domains weigh as much as many small ones
  };
  bool is_set = false;
  std::vector<Part> parts;
  Constraints needed;      // nodes without one of these keys get no score
  std::uint64_t seen = 0;  // the snapshot's generation
};

}  // namespace actimanager::scheduler::spreading

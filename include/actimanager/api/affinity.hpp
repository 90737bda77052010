// How a Pod wants to lie relative to other Pods: inter-Pod affinity and topology spread constraints
// (core/v1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <actimanager/api/selector.hpp>

namespace actimanager::api {

struct PodAffinityTerm {
  LabelSelector label_selector;
  std::vector<std::string> namespaces;  // the Pod's own where the term names none and has no selector
  LabelSelector namespace_selector;
  std::string topology_key;
  bool operator==(const PodAffinityTerm&) const = default;
};
struct WeightedPodAffinityTerm {
  std::int32_t weight = 0;
  PodAffinityTerm term;
  bool operator==(const WeightedPodAffinityTerm&) const = default;
};
struct PodAffinity {
  std::vector<PodAffinityTerm> required;
  std::vector<WeightedPodAffinityTerm> preferred;

  bool empty() const { return required.empty() && preferred.empty(); }
  bool operator==(const PodAffinity&) const = default;
};

struct TopologySpreadConstraint {
  std::int32_t max_skew = 1;
  std::string topology_key;
  std::string when_unsatisfiable;  // DoNotSchedule, ScheduleAnyway
  LabelSelector label_selector;
  std::optional<std::int32_t> min_domains;
  bool honor_node_affinity = true;
  bool honor_node_taints = false;
  std::vector<std::string> match_label_keys;
  bool operator==(const TopologySpreadConstraint&) const = default;
};

// An entry of topologySpreadConstraints, of a Pod or of a scheduler's default constraints.
TopologySpreadConstraint decode_spread_constraint(JsonCursor item);
// affinity.podAffinity or affinity.podAntiAffinity of a Pod in this namespace.
PodAffinity decode_pod_affinity(JsonCursor affinity, const std::string& pod_namespace);

}  // namespace actimanager::api

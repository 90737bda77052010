// Preemption: which less important Pods would have to leave a node so that a Pod fits there, and on which
// node that costs least. Follows kube-scheduler's DefaultPreemption of Kubernetes 1.35.
#pragma once

#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "filters.hpp"

namespace actimanager::scheduler {

// By priority, then by how long they have been running: one that has not started counts as the youngest.
bool more_important(const api::Pod& a, const api::Pod& b);

// Whether evicting the first, the first two … of these Pods violates a budget, Pod by Pod.
std::vector<bool> violates_budget(std::span<const PodPointer> pods,
                                  const ByKey<api::PodDisruptionBudget>& budgets);

// Whether the first one's victims are the better ones to lose: fewer protected by budgets, a lower highest
// priority, a lower sum of priorities, fewer Pods, the most important ones started later.
bool costs_less(const Nomination& a, const Nomination& b);

// What to lose on this node so that the Pod fits, as little as possible; or why nothing helps there. Of Pods
// that all could go, the most important stay. For a Pod that wants CPUs of its own, the sockets are tried one
// by one for the cheapest. Precondition: snapshot.is_current(node).
std::variant<Nomination, Status> find_victims(const Filters& filters, const CycleState& state,
                                              const api::Pod& pod, const Snapshot& snapshot,
                                              const NodeInfo& node);
// How often that sees, at most, whether a Pod of the node could stay.
std::size_t looks_at_each_pod(const CycleState& state, const NodeInfo& node);

}  // namespace actimanager::scheduler

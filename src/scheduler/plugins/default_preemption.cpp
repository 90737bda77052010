// DefaultPreemption: a Pod that fits nowhere may have less important ones evicted: from the node where that
// costs least, and no more than it takes. It is nominated for that node, and decided anew when they have
// left.
#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "../fit_error.hpp"
#include "../preemption.hpp"
#include "../tie_break.hpp"
#include "plugins.hpp"

namespace actimanager::scheduler {
namespace {

// Asked to leave by a scheduler, for a Pod like this one.
bool is_leaving(const api::Pod& pod) {
  if (!pod.meta.deletion_timestamp) return false;
  const auto* target = api::find_condition(pod.conditions, "DisruptionTarget");
  return target != nullptr && target->status == api::ConditionStatus::true_ &&
         target->reason == "PreemptionByScheduler";
}

// Why the Pod may not have others evicted, or "".
std::string ineligible(const api::Pod& pod, const Snapshot& snapshot, const Refusals& refusals) {
  if (pod.spec->preemption_policy == "Never") return "not eligible due to preemptionPolicy=Never.";
  const auto* node = snapshot.find(pod.nominated_node_name);
  const bool may_fit_there = node != nullptr && std::ranges::any_of(refusals.unschedulable, [&](auto slot) {
                               return snapshot.slots()[slot].get() == node;
                             });
  if (!may_fit_there) return {};
  const bool waits = std::ranges::any_of(
      node->pods, [&](const auto& other) { return other->priority < pod.priority && is_leaving(*other); });
  return waits ? "not eligible due to a terminating pod on the nominated node." : "";
}

std::string said(const Status& failure) {
  auto text = fmt::format("{}", fmt::join(failure.reasons, ", "));
  return failure.plugin.empty() ? text
                                : fmt::format("running \"{}\" filter plugin: {}", failure.plugin, text);
}

class DefaultPreemption final : public Plugin {
 public:
  DefaultPreemption(std::int64_t percentage, std::int64_t absolute)
      : percentage_(percentage), absolute_(absolute) {}

  std::string_view name() const override { return "DefaultPreemption"; }
  Points points() const override { return static_cast<Points>(Point::post_filter); }

  PostFilterResult post_filter(const CycleState& state, const api::Pod& pod, const Snapshot& snapshot,
                               const Refusals& refusals) const override {
    if (const auto why = ineligible(pod, snapshot, refusals); !why.empty()) {
      return {.status = unschedulable("preemption: " + why), .keep_nominated_node = true};
    }
    Reasons reasons;
    std::optional<Status> failure;
    auto candidates = dry_run(state, pod, snapshot, refusals, reasons, failure);
    if (!candidates.empty()) {
      auto best = cheapest(candidates, pod);
      std::ranges::sort(candidates, {}, &Nomination::node);
      return {.status = {}, .nomination = std::move(best), .candidates = std::move(candidates)};
    }
    if (failure) {
      return {.status = {Code::error, {"preemption: " + said(*failure)}, {}}, .keep_nominated_node = true};
    }
    reasons.add("Preemption is not helpful for scheduling", snapshot.node_count() - reasons.nodes());
    return {.status = unschedulable("preemption: " + fit_error(snapshot.node_count(), reasons))};
  }

  bool sign(const api::Pod&, const Snapshot&, std::string&) const override { return true; }

 private:
  // As many candidates as are wanted, and one that violates no budget, if there is one.
  std::vector<Nomination> dry_run(const CycleState& state, const api::Pod& pod, const Snapshot& snapshot,
                                  const Refusals& refusals, Reasons& reasons,
                                  std::optional<Status>& failure) const {
    const auto nodes = refusals.unschedulable.size();
    const auto wanted = std::min(
        nodes,
        static_cast<std::size_t>(std::max(static_cast<std::int64_t>(nodes) * percentage_ / 100, absolute_)));
    const auto first = nodes == 0 ? 0 : hash_of(pod.meta.uid) % nodes;
    std::vector<Nomination> candidates;
    bool harmless = false;
    for (std::size_t i = 0; i < nodes; ++i) {
      const auto slot = refusals.unschedulable[(first + i) % nodes];
      auto found = find_victims(refusals.filters, state, pod, snapshot, *snapshot.slots()[slot]);
      if (const auto* status = std::get_if<Status>(&found)) {
        if (status->code == Code::error && !failure) failure = *status;
        reasons.add(*status);
        continue;
      }
      auto& candidate = std::get<Nomination>(found);
      harmless = harmless || candidate.violations == 0;
      candidates.push_back(std::move(candidate));
      if (harmless && candidates.size() >= wanted) break;
    }
    return candidates;
  }

  static Nomination cheapest(const std::vector<Nomination>& candidates, const api::Pod& pod) {
    const auto rank = [pod_hash = hash_of(pod.meta.uid)](const Nomination& candidate) {
      return tie_rank(pod_hash, hash_of(candidate.node));
    };
    return *std::ranges::min_element(candidates, [&](const Nomination& a, const Nomination& b) {
      if (costs_less(a, b)) return true;
      return !costs_less(b, a) && rank(a) > rank(b);
    });
  }

  std::int64_t percentage_, absolute_;
};

}  // namespace

std::unique_ptr<Plugin> make_default_preemption(api::JsonCursor args) {
  const auto percentage = args["minCandidateNodesPercentage"].integer_between(0, 100, 10);
  const auto absolute =
      args["minCandidateNodesAbsolute"].integer_between(0, std::numeric_limits<std::int32_t>::max(), 100);
  if (percentage == 0 && absolute == 0) {
    args.fail("minCandidateNodesPercentage and minCandidateNodesAbsolute cannot both be zero");
  }
  return std::make_unique<DefaultPreemption>(percentage, absolute);
}

}  // namespace actimanager::scheduler

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

  std::optional<PostFilterResult> post_filter(const CycleState& state, const api::Pod& pod,
                                              const Snapshot& snapshot, const Refusals& refusals,
                                              PostFilterTurn& turn) const override {
    if (turn.progress == nullptr) {
      if (const auto why = ineligible(pod, snapshot, refusals); !why.empty()) {
        return PostFilterResult{.status = unschedulable("preemption: " + why), .keep_nominated_node = true};
      }
      turn.progress = std::make_unique<DryRun>();
    }
    auto& run = static_cast<DryRun&>(*turn.progress);
    if (!dry_run(run, state, pod, snapshot, refusals, turn.pods)) return std::nullopt;
    if (!run.candidates.empty()) {
      auto best = cheapest(run.candidates, pod);
      std::ranges::sort(run.candidates, {}, &Nomination::node);
      return PostFilterResult{
          .status = {}, .nomination = std::move(best), .candidates = std::move(run.candidates)};
    }
    if (run.outdated) {
      return PostFilterResult{.status = unschedulable("preemption: node(s) changed meanwhile"),
                              .keep_nominated_node = true,
                              .outdated = true};
    }
    if (run.failure) {
      return PostFilterResult{.status = {Code::error, {"preemption: " + said(*run.failure)}, {}},
                              .keep_nominated_node = true};
    }
    run.reasons.add("Preemption is not helpful for scheduling", snapshot.node_count() - run.reasons.nodes());
    return PostFilterResult{
        .status = unschedulable("preemption: " + fit_error(snapshot.node_count(), run.reasons))};
  }

  bool sign(const api::Pod&, const Snapshot&, std::string&) const override { return true; }

 private:
  struct DryRun final : CycleState::Data {
    std::size_t tried = 0;  // nodes
    std::vector<Nomination> candidates;
    bool harmless = false;  // one of them violates no budget
    bool outdated = false;  // a node was another one by the time of its turn
    Reasons reasons;
    std::optional<Status> failure;
  };

  // Until there are as many candidates as are wanted, one that violates no budget among them, if there is
  // one. False: there are more nodes to try, but not in this turn.
  bool dry_run(DryRun& run, const CycleState& state, const api::Pod& pod, const Snapshot& snapshot,
               const Refusals& refusals, std::size_t pods) const {
    const auto nodes = refusals.unschedulable.size();
    const auto wanted = std::min(
        nodes,
        static_cast<std::size_t>(std::max(static_cast<std::int64_t>(nodes) * percentage_ / 100, absolute_)));
    const auto first = nodes == 0 ? 0 : hash_of(pod.meta.uid) % nodes;
    while (run.tried < nodes && !(run.harmless && run.candidates.size() >= wanted)) {
      if (pods == 0) return false;
      const auto& node = *snapshot.slots()[refusals.unschedulable[(first + run.tried) % nodes]];
      ++run.tried;
      pods -= std::min(pods, node.pods.size() * looks_at_each_pod(state, node) + 1);
      // What its Pods hold now may not be what the node has counted.
      if (!snapshot.is_current(node)) {
        run.outdated = true;
        continue;
      }
      auto found = find_victims(refusals.filters, state, pod, snapshot, node);
      if (const auto* status = std::get_if<Status>(&found)) {
        if (status->code == Code::error && !run.failure) run.failure = *status;
        run.reasons.add(*status);
        continue;
      }
      auto& candidate = std::get<Nomination>(found);
      run.harmless = run.harmless || candidate.violations == 0;
      run.candidates.push_back(std::move(candidate));
    }
    return true;
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

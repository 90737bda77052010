#include <cassert>
#include <limits>
#include <list>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <actimanager/scheduler/scheduler.hpp>

#include "cpu_placing.hpp"
#include "cpus_in_force.hpp"
#include "decide.hpp"
#include "evaluation.hpp"
#include "plugins/plugins.hpp"
#include "plugins/signing.hpp"
#include "registry.hpp"
#include "tie_break.hpp"

namespace actimanager::scheduler {
namespace {

Decision no_nodes() {
  Decision decision;
  decision.message = "no nodes available to schedule pods";
  return decision;
}

Decision failed(const Status& status) {
  Decision decision;
  decision.message = fmt::format("plugin {}: {}", status.plugin, fmt::join(status.reasons, ", "));
  decision.error = true;
  return decision;
}

// A PostFilter under way.
struct PostFiltering {
  std::uint64_t generation = 0;  // the snapshot's
  std::size_t asked = 0;         // plugins
  std::vector<std::string> reasons;
  bool keeps_nominated_node = true;
  PostFilterTurn turn;
};

// No node is feasible. Who finds a way ends it; else the last one asked has the last word, and the reasons of
// all are left in `asking`. False: it takes another turn.
bool post_filter(PostFiltering& asking, const Profile& profile, const api::Pod& pod, const Snapshot& snapshot,
                 const Evaluation& evaluation, Decision& decision) {
  const auto unschedulable = evaluation.unschedulable();
  for (; asking.asked < profile.post_filter.size(); ++asking.asked) {
    const auto* plugin = profile.post_filter[asking.asked];
    decision.post_filter = plugin->post_filter(evaluation.state(), pod, snapshot,
                                               {evaluation.filters(), unschedulable}, asking.turn);
    if (!decision.post_filter) return false;
    asking.turn.progress.reset();
    auto& result = *decision.post_filter;
    result.status.plugin = plugin->name();
    if (result.status.ok()) {
      asking.reasons.clear();
      return true;
    }
    asking.reasons.insert(asking.reasons.end(), result.status.reasons.begin(), result.status.reasons.end());
    asking.keeps_nominated_node = asking.keeps_nominated_node && result.keep_nominated_node;
    result.keep_nominated_node = asking.keeps_nominated_node;
  }
  return true;
}

// The Pod's nominated node is likely the only one that fits; it is taken before better ones are looked for.
std::optional<std::size_t> nominated_slot(const api::Pod& pod, const Snapshot& snapshot,
                                          const Evaluation& evaluation) {
  if (pod.nominated_node_name.empty()) return std::nullopt;
  const auto slot = snapshot.slot_of(pod.nominated_node_name);
  return slot && evaluation.is_feasible(*slot) ? slot : std::nullopt;
}

// nullopt: PostFilter takes another turn.
std::optional<Decision> conclude(const Profile& profile, const api::Pod& pod, const Snapshot& snapshot,
                                 Evaluation& evaluation, PostFiltering& asking) {
  evaluation.refresh(pod, snapshot);
  if (evaluation.failure()) return failed(*evaluation.failure());
  Decision decision;
  decision.feasible_nodes = evaluation.feasible_nodes();
  auto slot = nominated_slot(pod, snapshot, evaluation);
  if (!slot) slot = evaluation.best(pod, snapshot, hash_of(pod.meta.uid));
  if (!slot) {
    if (!post_filter(asking, profile, pod, snapshot, evaluation, decision)) return std::nullopt;
    decision.rejected_by = evaluation.rejected_by();
    decision.message = evaluation.message(snapshot);
    if (!asking.reasons.empty()) decision.message += fmt::format(" {}", fmt::join(asking.reasons, ", "));
    return decision;
  }
  const NodeInfo& node = *snapshot.slots()[*slot];
  auto& state = evaluation.state();
  state.placement.reset();
  state.volumes = {};
  for (const auto* plugin : profile.reserve) {
    auto status = plugin->reserve(state, pod, node);
    if (status.ok()) continue;
    status.plugin = plugin->name();
    return failed(status);
  }
  decision.node = node.name();
  decision.placement = state.placement;
  decision.volumes = state.volumes;
  return decision;
}

// What hints look at beside what verdicts depend on.
std::string kind_text(const api::Pod& pod, const std::string& signature) {
  return fmt::format("{} {} {} {}", pod.priority, pod.spec->preemption_policy, pod.meta.namespace_,
                     signature);
}

// Where what a decision looks at changes all the time, the rest is done at once after so many attempts.
constexpr int most_beginnings = 3;

// Evaluations kept, counted in nodes looked at: about 100 bytes each.
constexpr std::size_t kept_verdicts = 200'000;

}  // namespace

struct Scheduler::Impl {
  struct Kept {
    std::string signature;
    Evaluation evaluation;
  };

  Config config;
  std::map<const Profile*, std::vector<const Plugin*>> cpu_plugins;  // of PreFilter
  std::list<Kept> kept;                                              // last used first
  std::unordered_map<std::string_view, std::list<Kept>::iterator> by_signature;

  // A decision in turns.
  struct Attempt {
    std::string uid;
    int begun = 0;  // how often a part of it began anew
    std::optional<PostFiltering> post_filtering;
    std::unique_ptr<Evaluation> evaluation;  // of a Pod without a signature
    std::uint64_t storage_generation = 0;    // that evaluation's

    void follow(const Snapshot& snapshot) {
      const bool other_storage = storage_generation != snapshot.objects().storage_generation();
      const bool asked_of_another = post_filtering && post_filtering->generation != snapshot.generation();
      const bool evaluated_another = evaluation && (other_storage || !evaluation->is_of(snapshot));
      if (asked_of_another || evaluated_another) begin_anew();
    }
    void begin_anew() {
      post_filtering.reset();
      evaluation.reset();
      ++begun;
    }
    Evaluation& own_evaluation(const Profile& profile, const api::Pod& pod, const Snapshot& snapshot) {
      if (!evaluation) {
        evaluation = std::make_unique<Evaluation>(profile, pod, snapshot);
        storage_generation = snapshot.objects().storage_generation();
      }
      return *evaluation;
    }
  };
  Attempt attempt;

  // Nothing if the answers depend on more than a signature can say.
  static std::optional<std::string> sign(const Profile& profile, const api::Pod& pod,
                                         const Snapshot& snapshot) {
    std::string signature;
    // Nominated Pods count for those that are not more important, and not for themselves.
    if (!pod.nominated_node_name.empty() || snapshot.is_nominated(pod.meta.uid)) return std::nullopt;
    sign_text(signature, profile.name);
    if (snapshot.nominated_pods() > 0) sign_text(signature, std::to_string(pod.priority));
    for (const auto& plugin : profile.plugins) {
      if (!plugin->sign(pod, snapshot, signature)) return std::nullopt;
      signature += '|';
    }
    return signature;
  }

  Evaluation& keep(std::string signature, const Profile& profile, const api::Pod& pod,
                   const Snapshot& snapshot) {
    if (const auto it = by_signature.find(signature); it != by_signature.end()) {
      if (it->second->evaluation.is_of(snapshot)) {
        kept.splice(kept.begin(), kept, it->second);
        return kept.front().evaluation;
      }
      forget(it->second);
    }
    const auto most =
        std::max<std::size_t>(1, kept_verdicts / std::max<std::size_t>(1, snapshot.slots().size()));
    while (kept.size() >= most) forget(std::prev(kept.end()));
    ++attempt.begun;
    kept.push_front({std::move(signature), Evaluation(profile, pod, snapshot)});
    by_signature.emplace(kept.front().signature, kept.begin());
    return kept.front().evaluation;
  }

  void forget(std::list<Kept>::iterator it) {
    by_signature.erase(it->signature);
    kept.erase(it);
  }

  std::optional<CpuWish> cpu_wish_of(const api::Pod& pod) const {
    const auto* profile = config.profile(pod.spec->scheduler_name);
    assert(profile != nullptr);
    CycleState state;
    const Snapshot nothing;
    for (const auto* plugin : cpu_plugins.find(profile)->second) plugin->pre_filter(state, pod, nothing);
    return state.cpu_wish;
  }
};

Scheduler::Scheduler(Config config) : impl_(std::make_unique<Impl>()) {
  impl_->config = std::move(config);
  for (const auto& profile : impl_->config.profiles) {
    auto& plugins = impl_->cpu_plugins[&profile];
    for (const auto* plugin : profile.pre_filter) {
      if (find_registered(plugin->name())->places_cpus) plugins.push_back(plugin);
    }
  }
}
Scheduler::~Scheduler() = default;
Scheduler::Scheduler(Scheduler&&) noexcept = default;

const Config& Scheduler::config() const {
  return impl_->config;
}

bool Scheduler::handles(std::string_view scheduler_name) const {
  return impl_->config.profile(scheduler_name) != nullptr;
}

Status Scheduler::pre_enqueue(const api::Pod& pod) const {
  const auto* profile = impl_->config.profile(pod.spec->scheduler_name);
  assert(profile != nullptr);
  for (const auto* plugin : profile->pre_enqueue) {
    auto status = plugin->pre_enqueue(pod);
    if (status.ok()) continue;
    status.plugin = plugin->name();
    return status;
  }
  return {};
}

Decision Scheduler::schedule_one(const api::Pod& pod, const Snapshot& snapshot) {
  return *schedule_one(pod, snapshot, std::numeric_limits<std::size_t>::max());
}

std::optional<Decision> Scheduler::schedule_one(const api::Pod& pod, const Snapshot& snapshot,
                                                std::size_t nodes) {
  const auto* profile = impl_->config.profile(pod.spec->scheduler_name);
  assert(profile != nullptr);
  if (snapshot.node_count() == 0) return no_nodes();
  auto& attempt = impl_->attempt;
  if (attempt.uid != pod.meta.uid) attempt = {.uid = pod.meta.uid};
  attempt.follow(snapshot);
  auto signature = Impl::sign(*profile, pod, snapshot);
  auto kind = signature ? kind_text(pod, *signature) : std::string();
  auto& evaluation = signature ? impl_->keep(std::move(*signature), *profile, pod, snapshot)
                               : attempt.own_evaluation(*profile, pod, snapshot);
  const bool may_return = nodes < std::numeric_limits<std::size_t>::max();
  const bool in_turns = may_return && attempt.begun <= most_beginnings;
  if (in_turns && evaluation.look_ahead(pod, snapshot, nodes)) return std::nullopt;
  auto& asking = attempt.post_filtering;
  if (!asking) asking.emplace(PostFiltering{.generation = snapshot.generation()});
  // To see whether a Pod could stay takes about as long as to look at a node.
  asking->turn.pods = in_turns ? nodes : std::numeric_limits<std::size_t>::max();
  auto decision = conclude(*profile, pod, snapshot, evaluation, *asking);
  if (!decision) return std::nullopt;
  if (may_return && decision->post_filter && decision->post_filter->outdated) {
    attempt.begin_anew();
    return std::nullopt;
  }
  attempt = {};
  decision->kind = std::move(kind);
  return decision;
}

bool Scheduler::looks_for_victims() const {
  return impl_->attempt.post_filtering.has_value();
}

Status Scheduler::filter(const api::Pod& pod, const Snapshot& snapshot, const NodeInfo& node) const {
  const auto* profile = impl_->config.profile(pod.spec->scheduler_name);
  assert(profile != nullptr);
  return Evaluation(*profile, pod, snapshot).ask(pod, node);
}

bool Scheduler::cpus_fit(const api::Pod& pod, const NodeInfo& node) const {
  const auto wish = impl_->cpu_wish_of(pod);
  return wish && allocator::fits(node.cpus, wish->request(node)).possible;
}

std::optional<allocator::Placement> Scheduler::place_on(const api::Pod& pod, const NodeInfo& node) const {
  const auto wish = impl_->cpu_wish_of(pod);
  if (!wish) return std::nullopt;
  return allocator::place(node.cpus, wish->request(node));
}

std::optional<allocator::Request> Scheduler::request_on(const api::Pod& pod, const NodeInfo& node,
                                                        api::ExclusivenessLevel level) const {
  const auto wish = impl_->cpu_wish_of(pod);
  if (!wish) return std::nullopt;
  auto request = wish->request(node);
  request.level = level;
  request.cpus = request.shape == allocator::Shape::single ? 1 : cpus_in_force(pod);
  request.min_pool = node.min_pool();  // which counts the Pod already, if it runs in the pool
  return request;
}

std::optional<allocator::Placement> Scheduler::place_nominated(const api::Pod& pod, const Snapshot& snapshot,
                                                               std::string_view node) const {
  const auto* found = snapshot.find(node);
  if (found == nullptr || !found->cpus.has_topology() || !handles(pod.spec->scheduler_name))
    return std::nullopt;
  auto later = *found;
  for (const auto& other : found->pods) {
    if (other->priority >= pod.priority || !other->meta.deletion_timestamp) continue;
    for (const auto& holding : snapshot.cpus_of(other->meta.uid).holdings) later.cpus.remove(holding);
  }
  const auto wish = impl_->cpu_wish_of(pod);
  return wish ? place_cpus(*wish, pod, later) : std::nullopt;
}

Decision decide(const Profile& profile, const api::Pod& pod, const Snapshot& snapshot) {
  if (snapshot.node_count() == 0) return no_nodes();
  Evaluation evaluation(profile, pod, snapshot);
  PostFiltering asking;
  return *conclude(profile, pod, snapshot, evaluation, asking);
}

}  // namespace actimanager::scheduler

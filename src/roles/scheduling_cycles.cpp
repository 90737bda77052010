// What becomes of a decision: a cycle of its own, which writes it to the API.
#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <actimanager/kube/errors.hpp>

#include "clock.hpp"
#include "pod_status.hpp"
#include "scheduling.hpp"

namespace actimanager::roles {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using kube::ApiErrc;

bool is_gone(const Error& error) {
  return error.code == Errc::not_found || error.code == ApiErrc::not_found;
}

// Rather than something that passes, or that has ended.
bool is_refusal(const Error& error) {
  return !kube::is_transient(error) && !is_gone(error);
}

}  // namespace

asio::awaitable<void> Scheduling::bind(scheduler::QueuedPod item, Target target) {
  const auto pod = item.pod;
  const auto own = own_binding(*pod);
  if (target.placement && !(own && target_of(*own) == target)) {
    auto holds = co_await binder_.persist(*pod, target);
    if (!holds) {
      try_again(item, std::move(target), holds.error());
      co_return;
    }
    if (*holds != target) {
      target = std::move(*holds);
      cache_.assume(pod, target.node, target.placement);
    }
  }
  auto bound = co_await binder_.assign(*pod, target.node);
  if (!bound) {
    const auto& error = bound.error();
    // Who refuses this node may take another: the next attempt is not to find what was stored for this one.
    if (is_refusal(error) && target.placement && own_binding(*pod)) {
      abandon(*pod, error);
      tell_failure(*pod, error);
      co_await start_over(std::move(item));
    } else {
      try_again(item, std::move(target), error);
    }
    co_return;
  }
  queue_.done(pod->meta.uid);
  unsettled_.erase(pod->meta.uid);
  ++metrics_.scheduled;
  metrics_.scheduling_seconds.observe(seconds_since(item.added));
  auto message = fmt::format("Successfully assigned {} to {}", pod->meta.key(), target.node);
  if (target.placement) {
    message += fmt::format(", CPUs {} (exclusiveness level {})", target.placement->cpus.to_string(),
                           api::to_string(target.placement->level));
  }
  log_.info("pod {}: {}", pod->meta.key(), message);
  events_.record(kube::reference_to(*pod), kube::EventType::normal, "Scheduled", std::move(message));
}

asio::awaitable<void> Scheduling::start_over(scheduler::QueuedPod item) {
  if (const auto own = own_binding(*item.pod)) {
    // The earlier leader may have assigned it, which the watch has yet to tell.
    Result<void> done;
    if (const auto waits = co_await binder_.waits(*item.pod); !waits) {
      done = fail(waits.error());
    } else if (*waits) {
      taken_back_.insert(own->meta.uid);  // before the watch can tell that it is gone
      done = co_await take_back(*item.pod, *own);
    }
    if (!done) {
      ++metrics_.errors;
      log_.warn("pod {}: {}", item.pod->meta.key(), done.error().message());
    }
  }
  queue_.retry(item, Clock::now());
  work_.set();
}

asio::awaitable<Result<void>> Scheduling::take_back(const api::Pod& pod, const api::PodCPUBinding& own) {
  if (auto removed = co_await binder_.remove(own); !removed) {
    taken_back_.erase(own.meta.uid);
    co_return removed;
  }
  // The earlier leader may have assigned it all the same, by a request that was still on its way.
  if (const auto waits = co_await binder_.waits(pod); waits && !*waits) {
    if (auto again = co_await binder_.persist(pod, target_of(own)); !again) co_return fail(again.error());
  }
  co_return Result<void>{};
}

asio::awaitable<void> Scheduling::bind_with_volumes(scheduler::QueuedPod item, Target target,
                                                    scheduler::VolumePlan volumes) {
  auto ready = co_await volume_binder_.bind(*item.pod, volumes, target.node);
  if (ready) {
    co_await bind(std::move(item), std::move(target));
    co_return;
  }
  forget_volumes(volumes);
  const auto& error = ready.error();
  if (!is_gone(error)) {
    co_await refuse(item.pod, "binding volumes: " + error.context, "SchedulerError",
                    item.pod->nominated_node_name);
  }
  begin_anew(item, error);
}

// What the API says of them counts again.
void Scheduling::forget_volumes(const scheduler::VolumePlan& volumes) {
  auto& storage = cache_.objects().storage();
  const auto restore = [](auto& known, const auto& store, const std::string& key) {
    if (auto object = store.get(key)) known.set(std::move(object));
  };
  for (const auto& [claim, volume] : volumes.bind) restore(storage.volumes, cluster_.volumes, volume);
  for (const auto& claim : volumes.provision) restore(storage.claims, cluster_.claims, claim);
}

void Scheduling::try_again(const scheduler::QueuedPod& item, Target target, const Error& error) {
  if (!kube::is_transient(error) || queue_.find(item.pod->meta.uid) == nullptr) {
    give_up(item, error);
    return;
  }
  ++metrics_.errors;
  log_.warn("pod {}: {}", item.pod->meta.key(), error.message());
  tell_failure(*item.pod, error);
  unsettled_.insert_or_assign(item.pod->meta.uid, std::move(target));
  queue_.retry(item, Clock::now());
  work_.set();
}

void Scheduling::abandon(const api::Pod& pod, const Error& error) {
  ++metrics_.errors;
  log_.warn("pod {}: {}", pod.meta.key(), error.message());
  unsettled_.erase(pod.meta.uid);
  feed_.forget(pod.meta.uid, Clock::now());
}

void Scheduling::begin_anew(const scheduler::QueuedPod& item, const Error& error) {
  abandon(*item.pod, error);
  // A Pod that went away, or to another node, says so by its watch; until then there is another attempt.
  queue_.retry(item, Clock::now());
  work_.set();
}

void Scheduling::give_up(const scheduler::QueuedPod& item, const Error& error) {
  begin_anew(item, error);
  if (is_refusal(error)) tell_failure(*item.pod, error);
}

void Scheduling::tell_failure(const api::Pod& pod, const Error& error) {
  events_.record(kube::reference_to(pod), kube::EventType::warning, "FailedScheduling", error.message());
}

asio::awaitable<void> Scheduling::refuse(PodPointer pod, std::string message, std::string reason,
                                         std::string nominated) {
  const auto* known = api::find_condition(pod->conditions, "PodScheduled");
  const bool said =
      known != nullptr && known->status == api::ConditionStatus::false_ && known->message == message;
  if (said && pod->nominated_node_name == nominated) co_return;
  auto patch = status_patch(*pod);
  if (!said) {
    log_.info("pod {}: {}", pod->meta.key(), message);
    events_.record(kube::reference_to(*pod), kube::EventType::warning, "FailedScheduling", message);
    auto condition = condition_json(*pod, "PodScheduled", "False", reason, message);
    const bool was_false = known != nullptr && known->status == api::ConditionStatus::false_;
    if (was_false) condition.erase("lastTransitionTime");  // only what is said of it has changed
    patch = status_patch(*pod, std::move(condition));
  }
  if (pod->nominated_node_name != nominated) set_nominated_node(patch, nominated);
  auto patched = co_await client_.patch(kube::resource_of(*pod, "status"), patch,
                                        {.type = kube::PatchType::strategic_merge});
  if (!patched && patched.error().code != ApiErrc::not_found && patched.error().code != ApiErrc::conflict) {
    log_.warn("pod {}: {}", pod->meta.key(), patched.error().message());
  }
}

asio::awaitable<void> Scheduling::preempt(scheduler::QueuedPod item, scheduler::Decision decision) {
  const auto pod = item.pod;
  const auto nomination = *decision.nomination();
  co_await refuse(pod, decision.message, "Unschedulable", nomination.node);
  co_await withdraw_less_important(*pod, nomination.node);
  auto evicted = co_await preemptor_.evict(*pod, nomination);
  if (evicted) {
    ++metrics_.preemptions;
    metrics_.preemption_victims += nomination.victims.size();
    queue_.park(item, std::move(decision.rejected_by), Clock::now(), std::move(decision.kind));
  } else {
    ++metrics_.errors;
    log_.warn("pod {}: {}", pod->meta.key(), evicted.error().message());
    queue_.retry(item, Clock::now());
  }
  work_.set();
}

asio::awaitable<void> Scheduling::withdraw_less_important(const api::Pod& pod, const std::string& node) {
  cache_.update(snapshot_);
  const auto* info = snapshot_.find(node);
  if (info == nullptr) co_return;
  std::vector<PodPointer> losers;
  for (const auto& nominated : info->nominated) {
    if (nominated.pod->priority < pod.priority) losers.push_back(nominated.pod);
  }
  for (const auto& loser : losers) {
    cache_.withdraw_nomination(loser->meta.uid);
    auto patch = status_patch(*loser);
    set_nominated_node(patch, "");
    auto patched = co_await client_.patch(kube::resource_of(*loser, "status"), patch,
                                          {.type = kube::PatchType::strategic_merge});
    if (!patched && patched.error().code != ApiErrc::not_found)
      log_.warn("pod {}: {}", loser->meta.key(), patched.error().message());
  }
}

}  // namespace actimanager::roles

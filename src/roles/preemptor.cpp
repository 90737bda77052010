#include "preemptor.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include <actimanager/kube/errors.hpp>

#include "pod_status.hpp"

namespace actimanager::roles {

namespace asio = boost::asio;
using kube::ApiErrc;

asio::awaitable<Result<void>> Preemptor::evict(const api::Pod& pod, const scheduler::Nomination& nomination) {
  for (const auto& victim : nomination.victims) {
    if (victim->meta.deletion_timestamp) continue;
    auto evicted = co_await evict_one(*victim, pod);
    if (!evicted && evicted.error().code == ApiErrc::not_found) continue;
    if (!evicted) co_return fail(std::move(evicted.error()).wrap("evict pod " + victim->meta.key()));
    log_.info("pod {}: evicted from {} for pod {} of priority {}", victim->meta.key(), nomination.node,
              pod.meta.key(), pod.priority);
    events_.record(kube::reference_to(*victim), kube::EventType::normal, "Preempted",
                   fmt::format("Preempted by pod {} on node {}", pod.meta.uid, nomination.node));
  }
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Preemptor::evict_one(const api::Pod& victim, const api::Pod& pod) {
  const auto message =
      fmt::format("{}: preempting to accommodate a higher priority pod", pod.spec->scheduler_name);
  const auto patch = status_patch(
      victim, condition_json(victim, "DisruptionTarget", "True", "PreemptionByScheduler", message));
  auto marked = co_await client_.patch(kube::resource_of(victim, "status"), patch,
                                       {.type = kube::PatchType::strategic_merge});
  if (!marked) co_return fail(std::move(marked.error()));
  auto removed =
      co_await client_.remove(kube::resource_of(victim), {.uid = victim.meta.uid, .resource_version = {}});
  if (!removed) co_return fail(std::move(removed.error()));
  co_return Result<void>{};
}

}  // namespace actimanager::roles

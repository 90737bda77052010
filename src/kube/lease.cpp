#include <algorithm>

#include <actimanager/api/json_cursor.hpp>
#include <actimanager/kube/lease.hpp>

namespace actimanager::kube {

Result<void> LeaseOptions::check() const {
  if (duration <= renew_deadline)
    return fail(Errc::invalid_argument, "lease-duration: must be longer than lease-renew-deadline");
  if (retry_period.count() <= 0)
    return fail(Errc::invalid_argument, "lease-retry-period: must be longer than 0");
  if (renew_deadline * 10 <= retry_period * 12) {
    return fail(Errc::invalid_argument,
                "lease-renew-deadline: must be longer than 1.2 times lease-retry-period");
  }
  return {};
}

LeaseRecord LeaseRecord::decode(const api::JsonValue& lease) {
  api::JsonReader reader(lease);
  const auto root = reader.root();
  const auto spec = root["spec"];
  LeaseRecord record;
  record.holder = spec["holderIdentity"].string();
  record.duration_seconds = spec["leaseDurationSeconds"].integer();
  record.acquire_time = spec["acquireTime"].string();
  record.renew_time = spec["renewTime"].string();
  record.transitions = spec["leaseTransitions"].integer();
  record.resource_version = root["metadata"]["resourceVersion"].string();
  return record;
}

LeaseMachine::Step LeaseMachine::observe(const std::optional<LeaseRecord>& lease, TimePoint now) {
  if (!lease) {
    lost();
    return Step::create;
  }
  if (*lease != seen_) {  // its holder is alive
    seen_ = *lease;
    seen_at_ = now;
  }
  if (lease->holder == options_.identity) return Step::renew;
  lost();
  if (lease->holder.empty()) return Step::take;
  // The holder's own promise, however long ours is.
  const auto patience = std::chrono::seconds(std::clamp<std::int64_t>(lease->duration_seconds, 1, 86400));
  return now - seen_at_ > patience ? Step::take : Step::wait;
}

void LeaseMachine::written(TimePoint begun) {
  renewed_ = begun;
}

}  // namespace actimanager::kube

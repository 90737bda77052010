// Pinner's CFS quotas.
#include <spdlog/spdlog.h>

#include "pinner.hpp"

namespace actimanager::roles {

void Pinner::look_at_quotas() {
  settle_quotas([](const Pod& pod) { return pod.target->lifts_quota; });
}

void Pinner::settle_quotas(bool (*which)(const Pod&)) {
  std::vector<std::string> uids;
  for (const auto& [uid, pod] : pods_)
    if (targets_ && pod.target && which(pod)) uids.push_back(uid);
  for (const auto& uid : uids) settle_quota(uid);
}

void Pinner::settle_quota(const std::string& uid) {
  using host::QuotaWish;
  const auto& pod = pods_[uid];
  const auto target = *pod.target;
  write_quotas(uid, target.lifts_quota ? QuotaWish::lift : QuotaWish::restore);
  if (!pod.sight.quota.lifted) return;
  if (const auto found = tree_.find_pod(uid)) tell_systemd(*found, target);
  if (!target.lifts_quota && systemd_.settled(uid)) write_quotas(uid, QuotaWish::forget);
}

void Pinner::write_quotas(const std::string& uid, host::QuotaWish wish) {
  auto& tree = cpu_tree_ ? *cpu_tree_ : tree_;
  auto found = tree.find_pod(uid);
  if (!found && cpu_tree_ && tree.scan()) found = tree.find_pod(uid);
  if (!found) return;
  auto report = host::settle_quotas(*found, wish);
  auto& sight = pods_[uid].sight;
  metrics_.quota_writes += report.changes.size();
  if (!report.changes.empty()) {
    log_.info("Pod {}: CFS quotas {}", uid, wish == host::QuotaWish::lift ? "lifted" : "put back");
    // Whoever wrote one again may have told systemd, too.
    if (wish == host::QuotaWish::lift && sight.quota.lifted) systemd_.doubt(uid);
  }
  if (report.error) {
    ++metrics_.pin_errors;
    if (!sight.quota.error || sight.quota.error->message() != report.error->message())
      log_.error("Pod {}: {}", uid, report.error->message());
  }
  QuotaSight now{true, report.state.limited, report.state.lifted, std::move(report.error)};
  const bool same = now.limited == sight.quota.limited && now.lifted == sight.quota.lifted &&
                    now.looked == sight.quota.looked &&
                    now.error.has_value() == sight.quota.error.has_value();
  sight.quota = std::move(now);
  if (!same && handlers_.seen) handlers_.seen(uid);
}

}  // namespace actimanager::roles

// Pinner's isolated partitions.
#include <spdlog/spdlog.h>

#include "pinner.hpp"

namespace actimanager::roles {

// Before anybody's cpuset becomes another: what is isolated is open to nobody else.
void Pinner::leave_partitions(const std::vector<host::PodCgroup>& pods) {
  for (const auto& pod : pods) {
    const auto* held = partitions_.of(pod.uid);
    const auto& target = targets_->of(pod.uid);
    if (held == nullptr || (target.is_partition && *held == target.pod.cpus)) continue;
    const auto cpus = held->to_string();
    if (const auto left = partitions_.leave(pod); !left) {
      ++metrics_.pin_errors;
      log_.error("Pod {}: {}", pod.uid, left.error().message());
    } else {
      log_.info("Pod {}: CPUs {} are no isolated partition any more", pod.uid, cpus);
    }
    if (const auto known = pods_.find(pod.uid); known != pods_.end()) known->second.sight.partition = {};
  }
  trim_partitions();
}

void Pinner::trim_partitions() {
  if (const auto trimmed = partitions_.trim(); !trimmed) log_.error("{}", trimmed.error().message());
  metrics_.cpuset_writes += partitions_.take_changes().size();
}

// Precondition: its target is one.
void Pinner::settle_partition(const std::string& uid) {
  const auto known = pods_.find(uid);
  if (known == pods_.end()) return;
  const auto& sight = known->second.sight;
  if (sight.unready || sight.error) return;  // its cpuset comes first
  if (!sight.partition.refusal.empty() && !sight.partition.ask_again) return;
  const auto found = tree_.find_pod(uid);
  if (!found) return;
  const auto& cpus = targets_->of(uid).pod.cpus;
  const auto entered = partitions_.enter(*found, cpus);
  const auto writes = partitions_.take_changes().size();
  metrics_.cpuset_writes += writes;
  PartitionSight now{.holds = entered.has_value()};
  if (!entered) {
    // A refusal that is read in the file has no errno.
    const auto& error = entered.error();
    now.refusal = error.code == Errc::conflict ? error.context : error.message();
    log_.warn("Pod {} is not isolated: {}", uid, now.refusal);
  } else if (writes > 0) {
    log_.info("Pod {}: CPUs {} are an isolated partition", uid, cpus.to_string());
  }
  if (now == known->second.sight.partition) return;
  known->second.sight.partition = std::move(now);
  if (handlers_.seen) handlers_.seen(uid);
}

// The kernel may have refused because of what is right now.
void Pinner::ask_kernel_again() {
  for (auto& [uid, pod] : pods_) pod.sight.partition.ask_again = !pod.sight.partition.refusal.empty();
}

void Pinner::settle_refused_partitions() {
  std::vector<std::string> uids;
  for (const auto& [uid, pod] : pods_)
    if (pod.sight.partition.ask_again && targets_->of(uid).is_partition) uids.push_back(uid);
  for (const auto& uid : uids) settle_partition(uid);
}

}  // namespace actimanager::roles

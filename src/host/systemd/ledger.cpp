#include "ledger.hpp"

#include <algorithm>
#include <utility>

namespace actimanager::host::systemd {

namespace {

std::string parent_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

}  // namespace

void Ledger::want(const std::string& pod, Units units, bool fresh, bool patient) {
  auto before = std::exchange(pods_[pod], {});
  auto& entries = pods_[pod];
  for (auto& [name, unit] : units) {
    const auto known = before.find(name);
    if (known != before.end() && known->second.unit.cgroup == unit.cgroup) {
      auto& entry = known->second;
      entry.patient = patient && entry.relaxed && (entry.patient || entry.settled());
      entry.relaxed = patient;
      entry.unit = std::move(unit);
      entries.insert(before.extract(known));
      continue;
    }
    Entry entry{.unit = std::move(unit), .fresh = fresh, .relaxed = patient};
    if (fresh) entry.has = Allowed();
    entries.emplace(name, std::move(entry));
  }
  if (entries.empty()) pods_.erase(pod);
}

void Ledger::doubt(const std::string& pod) {
  const auto it = pods_.find(pod);
  if (it == pods_.end()) return;
  for (auto& [name, entry] : it->second) entry.has.reset();
}

void Ledger::retry() {
  for (auto& [pod, entries] : pods_)
    for (auto& [name, entry] : entries) entry.waits = false;
}

std::optional<Call> Ledger::next(Which which) const {
  std::optional<Call> patient;
  for (const auto& [pod, entries] : pods_) {
    for (const auto& [name, entry] : entries) {
      if (entry.waits || entry.settled() || (entry.patient && (which == Which::urgent || patient))) continue;
      if (!entry.patient) return call_of(name, entry);
      patient = call_of(name, entry);
    }
  }
  return patient;
}

Call Ledger::call_of(const std::string& name, const Entry& entry) const {
  Call call{.unit = name};
  const bool known = entry.confirmed || (entry.fresh && levels_.contains(parent_of(entry.unit.cgroup)));
  if (!entry.has || !known) return call;
  const auto& wants = entry.unit.wants;
  if (entry.has->cpus != wants.cpus) call.cpus = wants.cpus;
  if (entry.has->mems != wants.mems) call.mems = wants.mems;
  if (wants.quota && entry.has->quota != wants.quota) call.quota = wants.quota;
  return call;
}

bool Ledger::settled(const std::string& pod) const {
  const auto it = pods_.find(pod);
  return it == pods_.end() ||
         std::ranges::all_of(it->second, [](const auto& entry) { return entry.second.settled(); });
}

Ledger::Entry* Ledger::find(const std::string& unit) {
  for (auto& [pod, entries] : pods_) {
    if (const auto it = entries.find(unit); it != entries.end()) return &it->second;
  }
  return nullptr;
}

void Ledger::found(const std::string& unit, std::string_view control_group, Allowed has) {
  auto* entry = find(unit);
  if (entry == nullptr) return;
  entry->confirmed = !control_group.empty() && entry->unit.cgroup.ends_with(control_group);
  entry->foreign = !entry->confirmed;
  entry->fresh = false;
  if (entry->confirmed && unit.ends_with(".slice")) levels_.insert(parent_of(entry->unit.cgroup));
  entry->has = std::move(has);
}

void Ledger::told(const Call& call) {
  auto* entry = find(call.unit);
  if (entry == nullptr || !entry->has) return;  // doubted meanwhile: it is asked again
  if (call.cpus) entry->has->cpus = *call.cpus;
  if (call.mems) entry->has->mems = *call.mems;
  // It answers before it writes the file. When it answers once more it has: then the file can be put right.
  if (call.quota) entry->has.reset();
}

void Ledger::failed(const std::string& unit) {
  auto* entry = find(unit);
  if (entry == nullptr) return;
  entry->waits = true;
  entry->fresh = false;
  entry->has.reset();
}

void Ledger::all_failed() {
  for (auto& [pod, entries] : pods_) {
    for (auto& [name, entry] : entries) {
      if (entry.settled()) continue;
      entry.waits = true;
      entry.has.reset();
    }
  }
}

void Ledger::absent(const std::string& unit) {
  if (auto* entry = find(unit)) entry->foreign = true;
}

}  // namespace actimanager::host::systemd

#include <algorithm>
#include <utility>

#include <actimanager/host/systemd/ledger.hpp>

namespace actimanager::host::systemd {

void Ledger::want(const std::string& pod, Units units, bool fresh) {
  auto before = std::exchange(pods_[pod], {});
  auto& entries = pods_[pod];
  for (auto& [name, unit] : units) {
    const auto known = before.find(name);
    if (known != before.end() && known->second.unit.cgroup == unit.cgroup) {
      known->second.unit = std::move(unit);
      entries.insert(before.extract(known));
      continue;
    }
    entries.emplace(name, Entry{std::move(unit), fresh ? std::optional(Allowed()) : std::nullopt});
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

std::optional<Call> Ledger::next() const {
  for (const auto& [pod, entries] : pods_) {
    for (const auto& [name, entry] : entries) {
      if (entry.waits || entry.settled()) continue;
      Call call{.unit = name};
      if (!entry.has || !entry.confirmed) return call;
      const auto& wants = entry.unit.wants;
      if (entry.has->cpus != wants.cpus) call.cpus = wants.cpus;
      if (entry.has->mems != wants.mems) call.mems = wants.mems;
      if (wants.quota && entry.has->quota != wants.quota) call.quota = wants.quota;
      return call;
    }
  }
  return std::nullopt;
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

#include "grants.hpp"

#include <algorithm>
#include <map>

namespace actimanager::roles {
namespace {

constexpr std::chrono::minutes claim_lifetime{3};  // by then a watch that was broken has been resumed
constexpr std::chrono::seconds on_its_way{1};

}  // namespace

std::vector<binding::BindingPointer> Grants::current(const Store& bound, const Store& unclaimed,
                                                     Clock::time_point now) {
  std::map<std::string, binding::BindingPointer> bindings;  // in a fixed order
  for (const auto& binding : unclaimed.items()) bindings.emplace(binding->meta.key(), binding);
  std::erase_if(claims_, [&](const auto& claim) {
    const auto& [key, known] = claim;
    const auto there = unclaimed.get(key);
    const bool again = there && (!known.answered || there->meta.uid != known.binding->meta.uid);
    return again || bound.get(key) != nullptr || now >= known.until;
  });
  for (const auto& [key, claim] : claims_) bindings.insert_or_assign(key, claim.binding);
  for (const auto& binding : bound.items()) bindings.insert_or_assign(binding->meta.key(), binding);

  std::vector<binding::BindingPointer> result;
  result.reserve(bindings.size());
  for (const auto& [key, binding] : bindings) result.push_back(with_grant(binding));
  return result;
}

void Grants::claimed(api::PodCPUBinding binding, Clock::time_point now) {
  if (ended_.contains(binding.meta.uid)) return;  // the watch was quicker than the answer
  auto key = binding.meta.key();
  claims_.insert_or_assign(
      std::move(key),
      Claim{std::make_shared<const api::PodCPUBinding>(std::move(binding)), true, now + claim_lifetime});
}

void Grants::left(const binding::BindingPointer& binding, Clock::time_point now) {
  if (!grants_.contains(binding->meta.uid)) return;
  claims_.try_emplace(binding->meta.key(), Claim{binding, false, now + on_its_way});
}

void Grants::ended(const binding::BindingPointer& binding, Clock::time_point now) {
  std::erase_if(ended_, [&](const auto& ended) { return now >= ended.second; });
  ended_.insert_or_assign(binding->meta.uid, now + claim_lifetime);
  const auto it = claims_.find(binding->meta.key());
  if (it != claims_.end() && it->second.binding->meta.uid == binding->meta.uid) claims_.erase(it);
}

Grants::Clock::time_point Grants::next_over() const {
  auto next = Clock::time_point::max();
  for (const auto& [key, claim] : claims_) next = std::min(next, claim.until);
  return next;
}

binding::BindingPointer Grants::with_grant(const binding::BindingPointer& binding) const {
  const auto it = grants_.find(binding->meta.uid);
  if (it == grants_.end()) return binding;
  const auto& [admitted, owner_uid] = it->second;
  const bool known = binding->status.admitted == admitted && !binding->owner_uid().empty();
  if (known) return binding;
  auto copy = *binding;
  copy.status.admitted = admitted;
  if (copy.owner_uid().empty()) {
    copy.meta.owner_references->push_back({.api_version = "v1",
                                           .kind = "Pod",
                                           .name = copy.spec.pod_name,
                                           .uid = owner_uid,
                                           .controller = false});
  }
  return std::make_shared<const api::PodCPUBinding>(std::move(copy));
}

void Grants::remember(const std::vector<binding::Verdict>& verdicts) {
  std::unordered_map<std::string, Grant> grants;
  for (const auto& verdict : verdicts) {
    // What is held for a Pod that is on its way is not granted to it yet.
    if (!verdict.admitted() || !verdict.pod) continue;
    grants.emplace(verdict.binding->meta.uid, Grant{*verdict.grant, verdict.pod->meta.uid});
  }
  grants_ = std::move(grants);
}

}  // namespace actimanager::roles

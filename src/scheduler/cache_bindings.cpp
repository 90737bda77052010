#include <algorithm>

#include "binding_holdings.hpp"
#include "cache_impl.hpp"

namespace actimanager::scheduler {
void Cache::Impl::count_binding(const std::string& key, BindingRecord& binding) {
  if (binding.released) return;
  binding.node = binding.named_node;
  if (binding.node.empty()) {
    const auto uid = uid_of(binding.pod_key);
    if (uid.empty()) return;
    if (!binding.may_be_of(uid)) return;
    binding.node = pods.find(uid)->second.node->name;
  }
  NodeRecord& node = record(binding.node);
  node.bindings.insert(key);
  auto& cpus = writable(node).cpus;
  binding.each_holding([&](const allocator::Holding& holding) { cpus.add(holding); });
}

void Cache::Impl::uncount_binding(const std::string& key, BindingRecord& binding) {
  if (binding.node.empty()) return;
  NodeRecord& node = record(binding.node);
  node.bindings.erase(key);
  auto& cpus = writable(node).cpus;
  binding.each_holding([&](const allocator::Holding& holding) { cpus.remove(holding); });
  binding.node.clear();
  drop_if_unused(node);
}

void Cache::Impl::upsert_binding(const api::PodCPUBinding& object) {
  const std::string key = object.meta.key();
  BindingRecord now{.holdings = holdings_of(object),
                    .edit = std::nullopt,
                    .pod_key = object.pod_key(),
                    .owner_uid = object.owner_uid(),
                    .named_node = object.is_scheduler_made() ? object.node_name() : std::string(),
                    .node = {},
                    .by_hand = !object.is_scheduler_made() && !object.meta.deletion_timestamp};
  auto it = bindings.find(key);
  if (it != bindings.end()) {
    BindingRecord& before = it->second;
    now.released = before.released && before.owner_uid == now.owner_uid && before.pod_key == now.pod_key;
    const bool same = before.holdings == now.holdings && !before.edit && before.pod_key == now.pod_key &&
                      before.owner_uid == now.owner_uid && before.named_node == now.named_node &&
                      before.by_hand == now.by_hand;
    if (same) {
      if (!now.owner_uid.empty()) drop_assumption(now.owner_uid);
      return;
    }
    uncount_binding(key, before);
    auto& keys = bindings_of_pod[before.pod_key];
    keys.erase(key);
    if (keys.empty()) bindings_of_pod.erase(before.pod_key);
    before = std::move(now);
  } else {
    it = bindings.emplace(key, std::move(now)).first;
  }
  BindingRecord& binding = it->second;
  bindings_of_pod[binding.pod_key].insert(key);
  count_binding(key, binding);
  // Our own, come back through the API: from now on it stands for itself.
  if (!binding.owner_uid.empty()) drop_assumption(binding.owner_uid);
  recount_pool(uid_of(binding.pod_key));
}

bool Cache::Impl::is_bound_by_hand(const api::ObjectMeta& pod) const {
  const auto keys = bindings_of_pod.find(pod.key());
  return keys != bindings_of_pod.end() && std::ranges::any_of(keys->second, [&](const std::string& key) {
           const auto& binding = bindings.find(key)->second;
           return binding.by_hand && binding.may_be_of(pod.uid);
         });
}

bool Cache::Impl::remove_binding(std::string_view key) {
  const auto it = bindings.find(key);
  if (it == bindings.end()) return false;
  const std::string pod_key = it->second.pod_key;
  const bool was_counted = !it->second.node.empty();
  uncount_binding(it->first, it->second);
  auto& keys = bindings_of_pod[pod_key];
  keys.erase(it->first);
  if (keys.empty()) bindings_of_pod.erase(pod_key);
  bindings.erase(it);
  recount_pool(uid_of(pod_key));
  return was_counted;
}

void Cache::Impl::assume_edit(std::string_view key, const allocator::Placement& placement) {
  const auto it = bindings.find(key);
  if (it == bindings.end()) return;
  uncount_binding(it->first, it->second);
  it->second.edit = allocator::Holding{placement.cpus, placement.level};
  count_binding(it->first, it->second);
}

bool Cache::Impl::forget_edit(std::string_view key) {
  const auto it = bindings.find(key);
  if (it == bindings.end() || !it->second.edit) return false;
  uncount_binding(it->first, it->second);
  it->second.edit.reset();
  count_binding(it->first, it->second);
  return true;
}

std::optional<NodeInfo> Cache::Impl::node_without(std::string_view key) const {
  const auto it = bindings.find(key);
  if (it == bindings.end() || it->second.node.empty()) return std::nullopt;
  NodeInfo info = *nodes.find(it->second.node)->second.info;
  it->second.each_holding([&](const allocator::Holding& holding) { info.cpus.remove(holding); });
  return info;
}

void Cache::Impl::place_bindings_of(std::string_view pod_key, std::string_view uid) {
  const auto keys = bindings_of_pod.find(pod_key);
  if (keys == bindings_of_pod.end()) return;
  for (const auto& key : keys->second) {
    BindingRecord& binding = bindings.find(key)->second;
    if (!binding.may_be_of(uid)) continue;
    uncount_binding(key, binding);
    binding.released = false;
    count_binding(key, binding);
  }
}

void Cache::Impl::release_bindings_of(std::string_view pod_key, std::string_view uid) {
  const auto keys = bindings_of_pod.find(pod_key);
  if (keys == bindings_of_pod.end()) return;
  for (const auto& key : keys->second) {
    BindingRecord& binding = bindings.find(key)->second;
    if (!binding.may_be_of(uid)) continue;
    uncount_binding(key, binding);
    binding.released = true;
  }
}

void Cache::Impl::drop_assumption(std::string_view uid) {
  const auto it = assumptions.find(uid);
  if (it == assumptions.end()) return;
  NodeRecord& node = record(it->second.node);
  writable(node).cpus.remove(it->second.holding);
  node.assumptions.erase(node.assumptions.find(uid));
  assumptions.erase(it);
  drop_if_unused(node);
}

}  // namespace actimanager::scheduler

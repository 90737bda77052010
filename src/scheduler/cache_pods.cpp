#include <algorithm>

#include "cache_impl.hpp"

namespace actimanager::scheduler {
void Cache::Impl::count_affinity(const api::Pod& pod, int change) {
  if (!pod.has_pod_affinity()) return;
  pods_with_affinity += change;
  ++affinity_generation;
}

void Cache::Impl::relist_pod(NodeInfo& info, const PodPointer& before, const PodPointer& after) {
  std::ranges::replace(info.pods, before, after);
  std::ranges::replace(info.pods_with_affinity, before, after);
}

void Cache::Impl::count_pod(const std::string& uid, PodRecord pod) {
  NodeRecord& node = record(pod.node);
  NodeInfo& info = writable(node);
  info.add(pod.pod, pod.load);
  count_affinity(*pod.pod, 1);
  const std::string key = pod.key;
  uid_by_key[key] = uid;
  pods.insert_or_assign(uid, std::move(pod));
  place_bindings_of(key, uid);
  recount_pool(uid);
}

void Cache::Impl::uncount_pod(std::string_view uid) {
  const auto it = pods.find(uid);
  if (it == pods.end()) return;
  const PodRecord pod = std::move(it->second);
  NodeRecord& node = record(pod.node);
  NodeInfo& info = writable(node);
  info.remove(pod.pod, pod.load);
  count_affinity(*pod.pod, -1);
  if (pod.in_pool) info.pool_milli_cpu -= pod.load.requests.milli_cpu;
  if (const auto key = uid_by_key.find(pod.key); key != uid_by_key.end() && key->second == uid)
    uid_by_key.erase(key);
  pods.erase(it);
  drop_if_unused(node);
}

void Cache::Impl::recount_pool(std::string_view uid) {
  const auto it = pods.find(uid);
  if (it == pods.end()) return;
  PodRecord& pod = it->second;
  const auto exclusive = [](const allocator::Holding& holding) {
    return holding.level != api::ExclusivenessLevel::none;
  };
  const auto assumed = assumptions.find(uid);
  bool in_pool = assumed == assumptions.end() || !exclusive(assumed->second.holding);
  if (const auto keys = bindings_of_pod.find(pod.key); in_pool && keys != bindings_of_pod.end()) {
    for (const auto& key : keys->second) {
      const auto& binding = bindings.find(key)->second;
      const bool its = binding.owner_uid.empty() || binding.owner_uid == uid;
      if (its && binding.node == pod.node && std::ranges::any_of(binding.holdings, exclusive))
        in_pool = false;
    }
  }
  if (in_pool == pod.in_pool) return;
  pod.in_pool = in_pool;
  const auto milli = pod.load.requests.milli_cpu;
  writable(record(pod.node)).pool_milli_cpu += in_pool ? milli : -milli;
}

void Cache::Impl::upsert_pod(const PodPointer& pod) {
  const auto& uid = pod->meta.uid;
  if (pod->finished()) {
    uncount_pod(uid);
    withdraw_nomination(uid);
    drop_assumption(uid);
    release_bindings_of(pod->meta.key(), uid);
    return;
  }
  const auto it = pods.find(uid);
  // Not on a node yet. If it is on its way to one, this is older news than our own.
  if (pod->node_name.empty()) return renew_nominated(pod);
  withdraw_nomination(uid);
  PodLoad load = pod_load(*pod);
  PodRecord now{pod, pod->meta.key(), pod->node_name, std::move(load), false, false};
  if (it == pods.end()) return count_pod(uid, std::move(now));
  const PodRecord& before = it->second;
  const bool moved = before.node != now.node;
  if (!moved && before.load == now.load) {
    relist_pod(writable(record(before.node)), before.pod, pod);
    it->second.pod = pod;
    it->second.assumed = false;
    return;
  }
  uncount_pod(uid);
  // Somebody else bound it elsewhere: what was assumed will not happen.
  if (moved) drop_assumption(uid);
  count_pod(uid, std::move(now));
}

void Cache::Impl::remove_pod(std::string_view uid) {
  const auto it = pods.find(uid);
  const std::string key = it == pods.end() ? std::string() : it->second.key;
  uncount_pod(uid);
  withdraw_nomination(uid);
  drop_assumption(uid);
  // A Pod that was never on a node is only known by its bindings' owner.
  release_bindings_of(key, uid);
}

void Cache::Impl::assume(const PodPointer& pod, std::string_view node,
                         const std::optional<allocator::Placement>& placement) {
  const auto& uid = pod->meta.uid;
  uncount_pod(uid);
  drop_assumption(uid);
  withdraw_nomination(uid);
  if (placement) {
    NodeRecord& record = this->record(node);
    allocator::Holding holding{placement->cpus, placement->level};
    writable(record).cpus.add(holding);
    record.assumptions.insert(uid);
    assumptions.emplace(uid, Assumption{std::string(node), std::move(holding)});
  }
  count_pod(uid, {pod, pod->meta.key(), std::string(node), pod_load(*pod), true, false});
}

PodPointer Cache::Impl::forget(std::string_view uid) {
  const auto it = pods.find(uid);
  if (it == pods.end() || !it->second.assumed) return nullptr;
  auto forgotten = std::make_shared<api::Pod>(*it->second.pod);
  forgotten->node_name = it->second.node;
  uncount_pod(uid);
  drop_assumption(uid);
  return forgotten;
}

void Cache::Impl::nominate(const PodPointer& pod, std::string_view node,
                           std::optional<allocator::Placement> placement) {
  withdraw_nomination(pod->meta.uid);
  writable(record(node)).nominated.push_back({pod, std::move(placement)});
  nominations.emplace(pod->meta.uid, Nomination{std::string(node), pod});
}

void Cache::Impl::withdraw_nomination(std::string_view uid) {
  const auto it = nominations.find(uid);
  if (it == nominations.end()) return;
  NodeRecord& node = record(it->second.node);
  std::erase_if(writable(node).nominated, [&](const auto& n) { return n.pod == it->second.pod; });
  nominations.erase(it);
  drop_if_unused(node);
}

void Cache::Impl::renew_nominated(const PodPointer& pod) {
  const auto it = nominations.find(pod->meta.uid);
  if (it == nominations.end()) return;
  for (auto& nominated : writable(record(it->second.node)).nominated) {
    if (nominated.pod == it->second.pod) nominated.pod = pod;
  }
  it->second.pod = pod;
}

PodCpus Cache::Impl::cpus_of(std::string_view uid) const {
  PodCpus cpus;
  const auto it = pods.find(uid);
  if (it == pods.end()) return cpus;
  const PodRecord& pod = it->second;
  cpus.in_pool = pod.in_pool;
  if (const auto assumed = assumptions.find(uid); assumed != assumptions.end()) {
    cpus.holdings.push_back(assumed->second.holding);
  }
  const auto keys = bindings_of_pod.find(pod.key);
  if (keys == bindings_of_pod.end()) return cpus;
  for (const auto& key : keys->second) {
    const auto& binding = bindings.find(key)->second;
    const bool its = binding.owner_uid.empty() || binding.owner_uid == uid;
    if (!its || binding.node != pod.node) continue;
    binding.each_holding([&](const allocator::Holding& holding) { cpus.holdings.push_back(holding); });
  }
  return cpus;
}

}  // namespace actimanager::scheduler

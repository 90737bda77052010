#include <algorithm>

#include "cache_impl.hpp"

namespace actimanager::scheduler {

void Cache::Impl::count_kind(NodeInfo& info, const PodKindPointer& kind, int change) {
  info.count(kind, change);
  if (kind->has_affinity()) pods_with_affinity += change;
}

std::string_view Cache::Impl::uid_of(std::string_view pod_key) const {
  const auto it = pods_by_key.find(pod_key);
  return it == pods_by_key.end() ? std::string_view() : std::string_view((*it)->meta.uid);
}

void Cache::Impl::count_pod(const PodPointer& pod, std::string_view node_name, const PodLoad& load,
                            bool assumed) {
  NodeRecord& node = record(node_name);
  NodeInfo& info = writable(node);
  info.add(pod, load);
  const auto kind = kinds.of(*pod);
  count_kind(info, kind, 1);
  // A Pod of the same name that has not been seen to go has no say any more.
  if (const auto it = pods_by_key.find(pod.get()); it != pods_by_key.end()) pods_by_key.erase(it);
  pods_by_key.insert(pod.get());
  const auto& uid = pod->meta.uid;
  pods.emplace(uid, PodRecord{pod, &node, kind, load.requests.milli_cpu, assumed});
  place_bindings_of(pod->meta.key(), uid);
  recount_pool(uid);
}

void Cache::Impl::uncount_pod(std::string_view uid) {
  const auto it = pods.find(uid);
  if (it == pods.end()) return;
  const PodRecord pod = it->second;
  NodeInfo& info = writable(*pod.node);
  info.remove(pod.pod, pod_load(*pod.pod));
  count_kind(info, pod.kind, -1);
  if (pod.in_pool) info.pool_milli_cpu -= pod.milli_cpu;
  const auto by_key = pods_by_key.find(pod.pod.get());
  if (by_key != pods_by_key.end() && *by_key == pod.pod.get()) pods_by_key.erase(by_key);
  pods.erase(it);
  drop_if_unused(*pod.node);
}

void Cache::Impl::renew_pod(std::string_view uid, const PodPointer& pod) {
  auto entry = pods.extract(pods.find(uid));
  PodRecord& record = entry.mapped();
  const auto before = std::exchange(record.pod, pod);
  NodeInfo& info = writable(*record.node);
  std::ranges::replace(info.pods, before, pod);
  count_kind(info, record.kind, -1);
  record.kind = kinds.of(*pod);
  count_kind(info, record.kind, 1);
  record.assumed = false;
  const auto by_key = pods_by_key.find(before.get());
  if (by_key != pods_by_key.end() && *by_key == before.get()) {
    pods_by_key.erase(by_key);
    pods_by_key.insert(pod.get());
  }
  entry.key() = pod->meta.uid;
  pods.insert(std::move(entry));
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
  const auto keys = bindings_of_pod.find(pod.pod->meta.key());
  if (in_pool && keys != bindings_of_pod.end()) {
    for (const auto& key : keys->second) {
      const auto& binding = bindings.find(key)->second;
      if (binding.may_be_of(uid) && binding.node == pod.node->name &&
          std::ranges::any_of(binding.holdings, exclusive))
        in_pool = false;
    }
  }
  if (in_pool == pod.in_pool) return;
  pod.in_pool = in_pool;
  writable(*pod.node).pool_milli_cpu += in_pool ? pod.milli_cpu : -pod.milli_cpu;
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
  const auto load = pod_load(*pod);
  if (it == pods.end()) return count_pod(pod, pod->node_name, load, false);
  const bool moved = it->second.node->name != pod->node_name;
  if (!moved && pod_load(*it->second.pod) == load) return renew_pod(uid, pod);
  uncount_pod(uid);
  // Somebody else bound it elsewhere: what was assumed will not happen.
  if (moved) drop_assumption(uid);
  count_pod(pod, pod->node_name, load, false);
}

void Cache::Impl::remove_pod(std::string_view uid) {
  const auto it = pods.find(uid);
  const std::string key = it == pods.end() ? std::string() : it->second.pod->meta.key();
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
  if (placement) assume_holding(*pod, node, {placement->cpus, placement->level});
  count_pod(pod, node, pod_load(*pod), true);
}

void Cache::Impl::assume_holding(const api::Pod& pod, std::string_view node, allocator::Holding holding) {
  if (is_held(pod, node, holding)) return;
  NodeRecord& record = this->record(node);
  writable(record).cpus.add(holding);
  record.assumptions.insert(pod.meta.uid);
  assumptions.emplace(pod.meta.uid, Assumption{std::string(node), std::move(holding)});
}

bool Cache::Impl::is_held(const api::Pod& pod, std::string_view node,
                          const allocator::Holding& holding) const {
  const auto keys = bindings_of_pod.find(pod.meta.key());
  return keys != bindings_of_pod.end() && std::ranges::any_of(keys->second, [&](const std::string& key) {
           const auto& binding = bindings.find(key)->second;
           return binding.owner_uid == pod.meta.uid && binding.node == node &&
                  std::ranges::find(binding.holdings, holding) != binding.holdings.end();
         });
}

PodPointer Cache::Impl::forget(std::string_view uid) {
  const auto it = pods.find(uid);
  if (it == pods.end() || !it->second.assumed) return nullptr;
  auto forgotten = std::make_shared<api::Pod>(*it->second.pod);
  forgotten->node_name = it->second.node->name;
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
  const auto keys = bindings_of_pod.find(pod.pod->meta.key());
  if (keys == bindings_of_pod.end()) return cpus;
  for (const auto& key : keys->second) {
    const auto& binding = bindings.find(key)->second;
    if (!binding.may_be_of(uid) || binding.node != pod.node->name) continue;
    binding.each_holding([&](const allocator::Holding& holding) { cpus.holdings.push_back(holding); });
  }
  return cpus;
}

std::uint64_t Cache::Impl::generation_of(std::string_view node) const {
  const auto it = nodes.find(node);
  return it == nodes.end() ? 0 : it->second.info->generation;
}

}  // namespace actimanager::scheduler

#include <algorithm>

#include "cache_impl.hpp"

namespace actimanager::scheduler {
namespace {

bool asks_for_less(const Resources& before, const Resources& now) {
  return now.milli_cpu < before.milli_cpu || now.memory < before.memory ||
         now.ephemeral_storage < before.ephemeral_storage ||
         std::ranges::any_of(
             before.scalars, [&](const auto& entry) { return now.scalar(entry.first) < entry.second; });
}

void add_load(NodeInfo& info, const PodLoad& load) {
  info.requested.add(load.requests);
  info.non_zero_milli_cpu += load.non_zero_milli_cpu;
  info.non_zero_memory += load.non_zero_memory;
  info.used_ports.insert(info.used_ports.end(), load.ports.begin(), load.ports.end());
}

void remove_load(NodeInfo& info, const PodLoad& load) {
  info.requested.subtract(load.requests);
  info.non_zero_milli_cpu -= load.non_zero_milli_cpu;
  info.non_zero_memory -= load.non_zero_memory;
  for (const auto& port : load.ports) {
    const auto it = std::ranges::find(info.used_ports, port);
    if (it != info.used_ports.end()) info.used_ports.erase(it);
  }
}

}  // namespace

void Cache::Impl::list_pod(NodeInfo& info, const PodPointer& pod) {
  info.pods.push_back(pod);
  if (!pod->has_pod_affinity()) return;
  info.pods_with_affinity.push_back(pod);
  ++pods_with_affinity;
  ++affinity_generation;
}

void Cache::Impl::unlist_pod(NodeInfo& info, const PodPointer& pod) {
  std::erase(info.pods, pod);
  if (!pod->has_pod_affinity()) return;
  std::erase(info.pods_with_affinity, pod);
  --pods_with_affinity;
  ++affinity_generation;
}

void Cache::Impl::relist_pod(NodeInfo& info, const PodPointer& before, const PodPointer& after) {
  std::ranges::replace(info.pods, before, after);
  std::ranges::replace(info.pods_with_affinity, before, after);
}

void Cache::Impl::count_pod(const std::string& uid, PodRecord pod) {
  NodeRecord& node = record(pod.node);
  NodeInfo& info = writable(node);
  add_load(info, pod.load);
  list_pod(info, pod.pod);
  const std::string key = pod.key;
  uid_by_key[key] = uid;
  pods.insert_or_assign(uid, std::move(pod));
  place_bindings_of(key, uid);
  recount_pool(uid);
}

Events Cache::Impl::uncount_pod(std::string_view uid) {
  const auto it = pods.find(uid);
  if (it == pods.end()) return {};
  const PodRecord pod = std::move(it->second);
  NodeRecord& node = record(pod.node);
  NodeInfo& info = writable(node);
  remove_load(info, pod.load);
  unlist_pod(info, pod.pod);
  if (pod.in_pool) info.pool_milli_cpu -= pod.load.requests.milli_cpu;
  if (const auto key = uid_by_key.find(pod.key); key != uid_by_key.end() && key->second == uid)
    uid_by_key.erase(key);
  pods.erase(it);
  drop_if_unused(node);
  return Event::pod_removed;
}

bool Cache::Impl::recount_pool(std::string_view uid) {
  const auto it = pods.find(uid);
  if (it == pods.end()) return false;
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
  if (in_pool == pod.in_pool) return false;
  pod.in_pool = in_pool;
  const auto milli = pod.load.requests.milli_cpu;
  writable(record(pod.node)).pool_milli_cpu += in_pool ? milli : -milli;
  return !in_pool && milli > 0;
}

Events Cache::Impl::upsert_pod(const PodPointer& pod) {
  const auto& uid = pod->meta.uid;
  if (pod->finished()) {
    Events events = uncount_pod(uid);
    drop_assumption(uid);
    return events | release_bindings_of(pod->meta.key(), uid);
  }
  const auto it = pods.find(uid);
  // Not on a node yet. If it is on its way to one, this is older news than our own.
  if (pod->node_name.empty()) return {};
  PodLoad load = pod_load(*pod);
  PodRecord now{pod, pod->meta.key(), pod->node_name, std::move(load), false, false};
  if (it == pods.end()) {
    count_pod(uid, std::move(now));
    return Event::pod_added;
  }
  const PodRecord& before = it->second;
  const bool moved = before.node != now.node;
  const bool relabelled = before.pod->meta.labels != pod->meta.labels;
  const bool less = asks_for_less(before.load.requests, now.load.requests);
  if (!moved && before.load == now.load) {
    relist_pod(writable(record(before.node)), before.pod, pod);
    it->second.pod = pod;
    it->second.assumed = false;
    return relabelled ? Events(Event::pod_labels) : Events();
  }
  uncount_pod(uid);
  // Somebody else bound it elsewhere: what was assumed will not happen.
  if (moved) drop_assumption(uid);
  count_pod(uid, std::move(now));
  if (moved) return Event::pod_removed | Event::pod_added;
  Events events;
  if (less) events |= Event::pod_scaled_down;
  if (relabelled) events |= Event::pod_labels;
  return events;
}

Events Cache::Impl::remove_pod(std::string_view uid) {
  const auto it = pods.find(uid);
  const std::string key = it == pods.end() ? std::string() : it->second.key;
  Events events = uncount_pod(uid);
  if (drop_assumption(uid)) events |= Event::binding_changed;
  // A Pod that was never on a node is only known by its bindings' owner.
  return events | release_bindings_of(key, uid);
}

void Cache::Impl::assume(const PodPointer& pod, std::string_view node,
                         const std::optional<allocator::Placement>& placement) {
  const auto& uid = pod->meta.uid;
  uncount_pod(uid);
  drop_assumption(uid);
  if (placement) {
    NodeRecord& record = this->record(node);
    allocator::Holding holding{placement->cpus, placement->level};
    writable(record).cpus.add(holding);
    record.assumptions.insert(uid);
    assumptions.emplace(uid, Assumption{std::string(node), std::move(holding)});
  }
  count_pod(uid, {pod, pod->meta.key(), std::string(node), pod_load(*pod), true, false});
}

Events Cache::Impl::forget(std::string_view uid) {
  const auto it = pods.find(uid);
  if (it == pods.end() || !it->second.assumed) return {};
  Events events = uncount_pod(uid);
  if (drop_assumption(uid)) events |= Event::binding_changed;
  return events;
}

}  // namespace actimanager::scheduler

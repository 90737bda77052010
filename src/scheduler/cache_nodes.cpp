#include <algorithm>

#include "cache_impl.hpp"
#include "tie_break.hpp"

namespace actimanager::scheduler {
namespace {

bool same_images(const api::Node& a, const api::Node& b) {
  return std::ranges::equal(a.images, b.images, [](const auto& x, const auto& y) {
    return x.names == y.names && x.size_bytes == y.size_bytes;
  });
}

// A copy to change, unless nobody else has it.
template <class T>
T& owned(std::shared_ptr<T>& shared) {
  if (shared.use_count() > 1) shared = std::make_shared<T>(*shared);
  return *shared;
}

}  // namespace

Cache::Impl::NodeRecord& Cache::Impl::record(std::string_view node) {
  const auto [it, inserted] = nodes.try_emplace(std::string(node));
  if (inserted) it->second.name = node;
  return it->second;
}

void Cache::Impl::drop_if_unused(NodeRecord& node) {
  if (node.slot == no_slot && node.topology == nullptr && node.bindings.empty() && node.assumptions.empty() &&
      node.info->pods.empty() && node.info->nominated.empty()) {
    nodes.erase(nodes.find(node.name));
  }
}

NodeInfo& Cache::Impl::writable(NodeRecord& node) {
  NodeInfo& info = owned(node.info);
  info.generation = ++generation;
  changes.add(node.slot == no_slot ? ChangeLog::no_slot : static_cast<std::uint32_t>(node.slot), slot_count);
  if (node.slot != no_slot) recent.splice(recent.begin(), recent, node.place);
  return info;
}

void Cache::Impl::count_images(const api::Node& node, int sign) {
  Names names;
  for (const auto& image : node.images) names.insert(image.names.begin(), image.names.end());
  if (names.empty()) return;
  auto& counts = owned(images);
  for (const auto& name : names) {
    auto& count = counts[name];
    count += sign;
    if (count == 0) counts.erase(name);
  }
}

void Cache::Impl::upsert_node(std::shared_ptr<const api::Node> node) {
  NodeRecord& record = this->record(node->meta.name);
  const auto allocatable = to_resources(node->allocatable);
  if (record.slot == no_slot) {
    if (free_slots.empty()) {
      record.slot = slot_count++;
    } else {
      record.slot = free_slots.back();
      free_slots.pop_back();
    }
    recent.push_front(&record);
    record.place = recent.begin();
    owned(index)[record.name] = record.slot;
    count_images(*node, 1);
  } else {
    const api::Node& old = *record.info->node;
    const bool same = record.info->allocatable == allocatable && old.meta.labels == node->meta.labels &&
                      old.unschedulable == node->unschedulable && old.taints == node->taints;
    const bool images_differ = !same_images(old, *node);
    if (images_differ) {
      count_images(old, -1);
      count_images(*node, 1);
    }
    // A heartbeat says nothing new, and must not cost anything.
    if (same && !images_differ) return;
  }
  ++nodes_generation;
  NodeInfo& info = writable(record);
  info.node = std::move(node);
  info.allocatable = allocatable;
  info.name_hash = hash_of(record.name);
}

void Cache::Impl::remove_node(std::string_view name) {
  const auto it = nodes.find(name);
  if (it == nodes.end() || it->second.slot == no_slot) return;
  NodeRecord& record = it->second;
  count_images(*record.info->node, -1);
  recent.erase(record.place);
  free_slots.push_back(record.slot);
  record.slot = no_slot;
  owned(index).erase(record.name);
  ++nodes_generation;
  writable(record).node = nullptr;
  drop_if_unused(record);
}

void Cache::Impl::set_topology(std::string_view node, std::shared_ptr<const topology::Topology> topology,
                               const CpuSet& reserved) {
  NodeRecord& record = this->record(node);
  const bool same_machine = (record.topology == nullptr) == (topology == nullptr) &&
                            (topology == nullptr || *record.topology == *topology);
  if (same_machine && record.reserved == reserved) {
    drop_if_unused(record);
    return;
  }
  record.topology = topology;
  record.reserved = reserved;
  allocator::Occupancy cpus(std::move(topology), reserved);
  for (const auto& key : record.bindings) {
    bindings.find(key)->second.each_holding([&](const allocator::Holding& holding) { cpus.add(holding); });
  }
  for (const auto& uid : record.assumptions) cpus.add(assumptions.find(uid)->second.holding);
  writable(record).cpus = std::move(cpus);
  drop_if_unused(record);
}

void Cache::Impl::update(Snapshot& snapshot) const {
  snapshot.objects_ = objects;
  snapshot.namespaces_generation_ = namespaces_generation;
  snapshot.pods_with_affinity_ = pods_with_affinity;
  snapshot.nominated_pods_ = static_cast<int>(nominations.size());
  if (snapshot.generation_ == generation) return;
  const auto set = [&](const NodeRecord& node) {
    snapshot.slots_[node.slot] = node.info;
    snapshot.generations_[node.slot] = node.info->generation;
  };
  if (snapshot.nodes_generation_ != nodes_generation) {
    // Nodes came, went or were edited: rarer than anything else, so all places are set anew.
    snapshot.slots_.assign(slot_count, nullptr);
    snapshot.generations_.assign(slot_count, 0);
    snapshot.name_hashes_.assign(slot_count, 0);
    snapshot.domains_.clear();
    for (const auto* node : recent) {
      set(*node);
      snapshot.name_hashes_[node->slot] = node->info->name_hash;
    }
    snapshot.node_count_ = static_cast<int>(recent.size());
    snapshot.index_ = index;
    snapshot.images_ = images;
    snapshot.nodes_generation_ = nodes_generation;
  } else {
    for (const auto* node : recent) {
      if (node->info->generation <= snapshot.generation_) break;
      set(*node);
    }
  }
  snapshot.generation_ = generation;
}

}  // namespace actimanager::scheduler

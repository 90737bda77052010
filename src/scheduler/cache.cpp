#include <actimanager/scheduler/cache.hpp>

#include "cache_impl.hpp"
#include "domains.hpp"

namespace actimanager::scheduler {

void ChangeLog::add(std::uint32_t slot, std::size_t slot_count) {
  if (slots_.size() >= 4 * slot_count + 1024) {
    const auto half = slots_.size() / 2;
    slots_.erase(slots_.begin(), slots_.begin() + static_cast<std::ptrdiff_t>(half));
    forgotten_ += half;
  }
  slots_.push_back(slot);
}

std::shared_ptr<const Domains> Snapshot::domains(std::string_view key) const {
  const auto it = domains_.find(key);
  if (it != domains_.end()) return it->second;
  return domains_.emplace(key, std::make_shared<const Domains>(key, slots_)).first->second;
}

std::optional<std::size_t> Snapshot::slot_of(std::string_view name) const {
  if (index_ == nullptr) return std::nullopt;
  const auto it = index_->find(std::string(name));
  return it == index_->end() ? std::nullopt : std::optional(it->second);
}

const NodeInfo* Snapshot::find(std::string_view name) const {
  const auto slot = slot_of(name);
  return slot ? slots_[*slot].get() : nullptr;
}

int Snapshot::nodes_with_image(std::string_view name) const {
  if (images_ == nullptr) return 0;
  const auto it = images_->find(std::string(name));
  return it == images_->end() ? 0 : it->second;
}

const PodKinds& Snapshot::kinds() const {
  static const PodKinds none;
  return kinds_ == nullptr ? none : *kinds_;
}

const Objects& Snapshot::objects() const {
  static const Objects none;
  return objects_ == nullptr ? none : *objects_;
}

Cache::Cache() : impl_(std::make_unique<Impl>()) {}
Cache::~Cache() = default;

void Cache::upsert(std::shared_ptr<const api::Node> node) {
  impl_->upsert_node(std::move(node));
}
void Cache::remove_node(std::string_view name) {
  impl_->remove_node(name);
}
void Cache::upsert(const api::NodeCPUTopology& topology) {
  impl_->set_topology(topology.node_name, topology.topology, topology.status.reserved_cpus);
}
void Cache::remove_topology(std::string_view node_name) {
  impl_->set_topology(node_name, nullptr, {});
}
void Cache::upsert(const api::PodCPUBinding& binding) {
  impl_->upsert_binding(binding);
}
bool Cache::remove_binding(std::string_view namespaced_name) {
  return impl_->remove_binding(namespaced_name);
}
void Cache::upsert(PodPointer pod) {
  impl_->upsert_pod(pod);
}
void Cache::remove_pod(std::string_view uid) {
  impl_->remove_pod(uid);
}
void Cache::assume(const PodPointer& pod, std::string_view node,
                   const std::optional<allocator::Placement>& placement) {
  impl_->assume(pod, node, placement);
}
void Cache::upsert(const api::Namespace& object) {
  if (impl_->objects->set(object)) ++impl_->namespaces_generation;
}
void Cache::remove_namespace(std::string_view name) {
  impl_->objects->remove_namespace(name);
  ++impl_->namespaces_generation;
}
Objects& Cache::objects() {
  return *impl_->objects;
}
const Objects& Cache::objects() const {
  return *impl_->objects;
}
const NodeInfo* Cache::node(std::string_view name) const {
  const auto it = impl_->nodes.find(name);
  return it == impl_->nodes.end() || it->second.slot == Impl::no_slot ? nullptr : it->second.info.get();
}
PodCpus Cache::cpus_of(std::string_view uid) const {
  return impl_->cpus_of(uid);
}
PodPointer Cache::forget(std::string_view uid) {
  return impl_->forget(uid);
}
bool Cache::is_assumed(std::string_view uid) const {
  const auto it = impl_->pods.find(uid);
  return it != impl_->pods.end() && it->second.assumed;
}
void Cache::nominate(const PodPointer& pod, std::string_view node,
                     std::optional<allocator::Placement> placement) {
  impl_->nominate(pod, node, std::move(placement));
}
void Cache::withdraw_nomination(std::string_view uid) {
  impl_->withdraw_nomination(uid);
}
std::string Cache::nominated_node(std::string_view uid) const {
  const auto it = impl_->nominations.find(uid);
  return it == impl_->nominations.end() ? std::string() : it->second.node;
}
void Cache::assume_edit(std::string_view binding, const allocator::Placement& placement) {
  impl_->assume_edit(binding, placement);
}
bool Cache::forget_edit(std::string_view binding) {
  return impl_->forget_edit(binding);
}
std::optional<NodeInfo> Cache::node_without(std::string_view binding) const {
  return impl_->node_without(binding);
}
void Cache::update(Snapshot& snapshot) const {
  impl_->update(snapshot);
  snapshot.pods_ = impl_.get();
  snapshot.changes_ = &impl_->changes;
  snapshot.kinds_ = &impl_->kinds;
}

}  // namespace actimanager::scheduler

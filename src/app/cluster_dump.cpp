#include "cluster_dump.hpp"

#include <algorithm>
#include <array>
#include <ranges>
#include <utility>

#include <nlohmann/json.hpp>

#include "decoding.hpp"
#include "defaulting.hpp"
#include "object_files.hpp"

namespace actimanager::app {
namespace {

using api::JsonValue;
using nlohmann::json;

constexpr std::array kinds = std::to_array<std::string_view>(
    {"Pod", "Node", "NodeCPUTopology", "PodCPUBinding", "Namespace", "PriorityClass", "Service",
     "PodDisruptionBudget", "PersistentVolumeClaim", "PersistentVolume", "StorageClass", "CSINode",
     "CSIDriver", "CSIStorageCapacity", "VolumeAttachment", "ReplicationController", "ReplicaSet",
     "StatefulSet"});

// Calls `use` with the decoded object.
template <class T, class Use>
Result<void> use_decoded(const JsonValue& object, Use use) {
  auto result = decoded<T>(object);
  if (!result) return fail(std::move(result.error()));
  use(std::move(*result));
  return {};
}

// Not that of an earlier Pod of its name, which goes with that one.
bool is_by_hand(const api::PodCPUBinding& binding, const api::Pod& pod) {
  const auto owner = binding.owner_uid();
  return !binding.is_scheduler_made() && (owner.empty() || owner == pod.meta.uid);
}

template <class T>
Result<void> add_owner(scheduler::Objects& objects, const JsonValue& object) {
  return use_decoded<T>(object, [&](const T& owner) { objects.set_owner(owner); });
}

}  // namespace

Result<ClusterDump> ClusterDump::read(const std::vector<std::string>& paths) {
  ClusterDump dump;
  // Pods come last, whatever the order of the files: they depend on what is said of the others.
  std::vector<std::pair<std::string, json>> pods;
  const auto add = [&dump](const std::string& path, const json& object) -> Result<void> {
    const api::JsonDocument document(object);
    const auto& root = document.root();
    auto added = dump.add(root.text_of("kind"), root);
    if (!added) return fail(std::move(added.error()).wrap(path));
    return {};
  };
  for (const auto& path : paths) {
    auto objects = read_objects(path);
    if (!objects) return fail(std::move(objects.error()));
    for (std::size_t number = 1; auto& object : *objects) {
      if (!object.is_object()) {
        return fail(Errc::invalid_argument,
                    fmt::format("{}: object {}: not one of Kubernetes", path, number));
      }
      ++number;
      fill_in_defaults(object);
      if (text_of(object, "kind") == "Pod") {
        pods.emplace_back(path, std::move(object));
      } else if (auto added = add(path, object); !added) {
        return fail(std::move(added.error()));
      }
    }
  }
  for (auto& [path, pod] : pods) {
    // One of a class that is not there has been judged by an API server, which knew it.
    [[maybe_unused]] const auto classed = dump.priority_classes().apply(pod);
    if (auto added = add(path, pod); !added) return fail(std::move(added.error()));
  }
  return dump;
}

Result<void> ClusterDump::add(std::string_view kind, const JsonValue& object) {
  if (std::ranges::find(kinds, kind) == kinds.end()) return {};
  const auto fresh = is_new(kind, object);
  if (!fresh) return fail(fresh.error());
  if (!*fresh) return {};
  auto& objects = cache_->objects();
  if (kind == "Pod") {
    auto pod = decoded<api::Pod>(object);
    if (!pod) return fail(std::move(pod.error()));
    fill_in_requests(*pod);
    if (pod->meta.uid.empty()) pod->meta.uid = pod->meta.key();
    if (!pod_uids_.insert(pod->meta.uid).second) {
      return fail(Errc::invalid_argument,
                  fmt::format("{}: metadata.uid: it is that of another Pod", described(kind, object)));
    }
    const auto pointer = std::make_shared<const api::Pod>(std::move(*pod));
    cache_->upsert(pointer);
    pods_.emplace(pointer->meta.key(), pointer);
    return {};
  }
  if (kind == "Node") {
    return use_decoded<api::Node>(
        object, [&](api::Node node) { cache_->upsert(std::make_shared<const api::Node>(std::move(node))); });
  }
  if (kind == "NodeCPUTopology") {
    return use_decoded<api::NodeCPUTopology>(object, [&](const auto& topology) { cache_->upsert(topology); });
  }
  if (kind == "PodCPUBinding") {
    return use_decoded<api::PodCPUBinding>(object, [&](const auto& binding) {
      cache_->upsert(binding);
      bindings_.emplace(binding.pod_key(), binding);
    });
  }
  if (kind == "Namespace") {
    return use_decoded<api::Namespace>(object, [&](const auto& name_space) { cache_->upsert(name_space); });
  }
  if (kind == "PriorityClass") {
    auto added = priority_classes_.add(object);
    if (!added) return fail(std::move(added.error()).wrap(described(kind, object)));
    return {};
  }
  if (kind == "Service") {
    return use_decoded<api::Service>(object, [&](const auto& service) { objects.set(service); });
  }
  auto& storage = objects.storage();
  const auto into = [&]<class Known>(Known& objects_of_kind) {
    using T = typename Known::Object;
    return use_decoded<T>(object,
                          [&](T value) { objects_of_kind.set(std::make_shared<const T>(std::move(value))); });
  };
  if (kind == "PodDisruptionBudget") return into(objects.budgets());
  if (kind == "PersistentVolumeClaim") return into(storage.claims);
  if (kind == "PersistentVolume") return into(storage.volumes);
  if (kind == "StorageClass") return into(storage.classes);
  if (kind == "CSINode") return into(storage.nodes);
  if (kind == "CSIDriver") return into(storage.drivers);
  if (kind == "CSIStorageCapacity") return into(storage.capacities);
  if (kind == "VolumeAttachment") return into(storage.attachments);
  if (kind == "ReplicationController") return add_owner<api::ReplicationController>(objects, object);
  if (kind == "ReplicaSet") return add_owner<api::ReplicaSet>(objects, object);
  return add_owner<api::StatefulSet>(objects, object);
}

// What several files have alike is there once.
Result<bool> ClusterDump::is_new(std::string_view kind, const JsonValue& object) {
  const auto* metadata = object.find("metadata");
  const auto text = [&](std::string_view field) {
    return metadata == nullptr ? std::string_view() : metadata->text_of(field);
  };
  if (text("name").empty())
    return fail(Errc::invalid_argument, fmt::format("{} without a name: metadata.name is required", kind));
  const auto version = text("resourceVersion");
  const auto state = fmt::format("{} {}", text("uid"), version);
  const auto [it, fresh] = known_.try_emplace(fmt::format("{} {}", kind, kube::key_of(object)), state);
  if (fresh || (it->second == state && !version.empty())) return fresh;
  return fail(Errc::invalid_argument, described(kind, object) + " is there twice");
}

void ClusterDump::nominate(const scheduler::Scheduler& scheduler) {
  scheduler::Snapshot snapshot;
  for (const auto& [key, pod] : pods_) {
    const auto& node = pod->nominated_node_name;
    const bool waits =
        pod->node_name.empty() && !pod->finished() && scheduler.handles(pod->spec->scheduler_name);
    if (node.empty() || !waits || !scheduler.pre_enqueue(*pod).ok()) continue;
    cache_->update(snapshot);  // with those nominated before it
    cache_->nominate(pod, node, scheduler.place_nominated(*pod, snapshot, node));
  }
}

ClusterDump::Taken ClusterDump::take_out(const api::Pod& pod) {
  Taken taken;
  const auto key = pod.meta.key();
  auto [it, last] = bindings_.equal_range(key);
  while (it != last) {
    const auto& binding = it->second;
    if (is_by_hand(binding, pod)) {
      ++it;
      continue;
    }
    cache_->remove_binding(binding.meta.key());
    taken.bindings.push_back(binding);
    it = bindings_.erase(it);
  }
  if (const auto there = pods_.find(key); there != pods_.end()) {
    taken.pod = there->second;
    cache_->remove_pod(taken.pod->meta.uid);
    pods_.erase(there);
  }
  return taken;
}

void ClusterDump::put_back(const Taken& taken) {
  if (taken.pod) {
    cache_->upsert(taken.pod);
    pods_.emplace(taken.pod->meta.key(), taken.pod);
  }
  for (const auto& binding : taken.bindings) {
    cache_->upsert(binding);
    bindings_.emplace(binding.pod_key(), binding);
  }
}

std::optional<allocator::Placement> ClusterDump::bound_by_hand(const api::Pod& pod) const {
  const auto [first, last] = bindings_.equal_range(pod.meta.key());
  for (const auto& [key, binding] : std::ranges::subrange(first, last)) {
    if (!is_by_hand(binding, pod)) continue;
    return allocator::Placement{.cpus = binding.spec.cpu_set, .level = binding.spec.exclusiveness_level};
  }
  return std::nullopt;
}

scheduler::PodPointer ClusterDump::pod(const std::string& key) const {
  const auto it = pods_.find(key);
  return it == pods_.end() ? nullptr : it->second;
}

}  // namespace actimanager::app

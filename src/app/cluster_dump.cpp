#include "cluster_dump.hpp"

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

// Calls `use` with the decoded object.
template <class T, class Use>
Result<void> use_decoded(const JsonValue& object, Use use) {
  auto result = decoded<T>(object);
  if (!result) return fail(std::move(result.error()));
  use(std::move(*result));
  return {};
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
    for (auto& object : *objects) {
      fill_in_defaults(object);
      if (object.is_object() && object.value("kind", json()) == "Pod") {
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
  if (object.kind != JsonValue::Kind::object) {
    return fail(Errc::invalid_argument, "not an object of Kubernetes");
  }
  auto& objects = cache_->objects();
  if (kind == "Pod") {
    return use_decoded<api::Pod>(object, [&](api::Pod pod) {
      fill_in_requests(pod);
      if (pod.meta.uid.empty()) pod.meta.uid = pod.meta.key();
      const auto pointer = std::make_shared<const api::Pod>(std::move(pod));
      cache_->upsert(pointer);
      pods_[pointer->meta.key()] = pointer;
    });
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
      bindings_of_pod_.emplace(binding.pod_key(), binding.meta.key());
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
  if (kind == "StatefulSet") return add_owner<api::StatefulSet>(objects, object);
  return {};
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

void ClusterDump::take_out(const std::string& pod) {
  const auto it = pods_.find(pod);
  if (it == pods_.end()) return;
  const auto [first, last] = bindings_of_pod_.equal_range(pod);
  for (const auto& [key, binding] : std::ranges::subrange(first, last)) cache_->remove_binding(binding);
  bindings_of_pod_.erase(first, last);
  cache_->remove_pod(it->second->meta.uid);
  pods_.erase(it);
}

scheduler::PodPointer ClusterDump::pod(const std::string& key) const {
  const auto it = pods_.find(key);
  return it == pods_.end() ? nullptr : it->second;
}

}  // namespace actimanager::app

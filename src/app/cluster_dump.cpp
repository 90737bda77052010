#include "cluster_dump.hpp"

#include <algorithm>
#include <ranges>
#include <type_traits>
#include <utility>

#include <nlohmann/json.hpp>

#include "decoding.hpp"
#include "defaulting.hpp"
#include "object_files.hpp"

namespace actimanager::app {
namespace {

using api::JsonValue;
using nlohmann::json;

// Into a scheduler's books.
void put(scheduler::Cache& cache, api::Node node) {
  cache.upsert(std::make_shared<const api::Node>(std::move(node)));
}
void put(scheduler::Cache& cache, const api::NodeCPUTopology& topology) {
  cache.upsert(topology);
}
void put(scheduler::Cache& cache, const api::Namespace& name_space) {
  cache.upsert(name_space);
}
void put(scheduler::Cache& cache, const api::Service& service) {
  cache.objects().set(service);
}
template <class T>
  requires requires(scheduler::Objects& objects, const T& owner) { objects.set_owner(owner); }
void put(scheduler::Cache& cache, const T& owner) {
  cache.objects().set_owner(owner);
}

template <class Known>
void keep(Known& known, typename Known::Object object) {
  known.set(std::make_shared<const typename Known::Object>(std::move(object)));
}
void put(scheduler::Cache& cache, api::PodDisruptionBudget budget) {
  keep(cache.objects().budgets(), std::move(budget));
}
void put(scheduler::Cache& cache, api::PersistentVolumeClaim claim) {
  keep(cache.objects().storage().claims, std::move(claim));
}
void put(scheduler::Cache& cache, api::PersistentVolume volume) {
  keep(cache.objects().storage().volumes, std::move(volume));
}
void put(scheduler::Cache& cache, api::StorageClass storage_class) {
  keep(cache.objects().storage().classes, std::move(storage_class));
}
void put(scheduler::Cache& cache, api::CSINode node) {
  keep(cache.objects().storage().nodes, std::move(node));
}
void put(scheduler::Cache& cache, api::CSIDriver driver) {
  keep(cache.objects().storage().drivers, std::move(driver));
}
void put(scheduler::Cache& cache, api::CSIStorageCapacity capacity) {
  keep(cache.objects().storage().capacities, std::move(capacity));
}
void put(scheduler::Cache& cache, api::VolumeAttachment attachment) {
  keep(cache.objects().storage().attachments, std::move(attachment));
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
      if (text_of(object, "kind").empty()) {
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

template <class T>
ClusterDump::Collection ClusterDump::collection() {
  return {api::Kind<T>::kind, kube::resource<T>(), &ClusterDump::add_as<T>};
}

const std::vector<ClusterDump::Collection>& ClusterDump::collections() {
  static const std::vector<Collection> all{
      {"PriorityClass",
       {.group = "scheduling.k8s.io",
        .version = "v1",
        .plural = "priorityclasses",
        .namespace_ = {},
        .name = {},
        .subresource = {}},
       &ClusterDump::add_priority_class},
      collection<api::Node>(),
      collection<api::NodeCPUTopology>(),
      collection<api::PodCPUBinding>(),
      collection<api::Namespace>(),
      collection<api::Service>(),
      collection<api::ReplicationController>(),
      collection<api::ReplicaSet>(),
      collection<api::StatefulSet>(),
      collection<api::PodDisruptionBudget>(),
      collection<api::PersistentVolumeClaim>(),
      collection<api::PersistentVolume>(),
      collection<api::StorageClass>(),
      collection<api::CSINode>(),
      collection<api::CSIDriver>(),
      collection<api::CSIStorageCapacity>(),
      collection<api::VolumeAttachment>(),
      collection<api::Pod>(),
  };
  return all;
}

Result<void> ClusterDump::add(std::string_view kind, const JsonValue& object) {
  const auto known = std::ranges::find(collections(), kind, &Collection::kind);
  if (known == collections().end()) return {};
  const auto fresh = is_new(kind, object);
  if (!fresh) return fail(fresh.error());
  return *fresh ? (this->*known->add)(object) : Result<void>();
}

template <class T>
Result<void> ClusterDump::add_as(const JsonValue& object) {
  auto result = decoded<T>(object);
  if (!result) return fail(std::move(result.error()));
  if constexpr (std::is_same_v<T, api::Pod>) {
    return put_pod(std::move(*result));
  } else if constexpr (std::is_same_v<T, api::PodCPUBinding>) {
    cache_->upsert(*result);
    bindings_.emplace(result->pod_key(), std::move(*result));
  } else {
    put(*cache_, std::move(*result));
  }
  return {};
}

Result<void> ClusterDump::add_priority_class(const JsonValue& object) {
  auto added = priority_classes_.add(object);
  if (!added) return fail(std::move(added.error()).wrap(described("PriorityClass", object)));
  return {};
}

Result<void> ClusterDump::put_pod(api::Pod pod) {
  fill_in_requests(pod);
  if (pod.meta.uid.empty()) pod.meta.uid = pod.meta.key();
  if (!pod_uids_.insert(pod.meta.uid).second) {
    return fail(Errc::invalid_argument,
                fmt::format("Pod {}: metadata.uid: it is that of another Pod", pod.meta.key()));
  }
  const auto pointer = std::make_shared<const api::Pod>(std::move(pod));
  cache_->upsert(pointer);
  pods_.emplace(pointer->meta.key(), pointer);
  return {};
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
  const auto [it, fresh] = known_.try_emplace(fmt::format("{} {}", kind, api::key_of(object)), state);
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
    if (binding.is_by_hand_for(pod.meta)) {
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
    if (binding.meta.deletion_timestamp || !binding.is_by_hand_for(pod.meta)) continue;
    return allocator::Placement{.cpus = binding.spec.cpu_set, .level = binding.spec.exclusiveness_level};
  }
  return std::nullopt;
}

scheduler::PodPointer ClusterDump::pod(const std::string& key) const {
  const auto it = pods_.find(key);
  return it == pods_.end() ? nullptr : it->second;
}

}  // namespace actimanager::app

#include "cluster_dump.hpp"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include <fmt/format.h>

#include <actimanager/api/kind.hpp>
#include <actimanager/api/yaml.hpp>
#include <actimanager/kube/store.hpp>

#include "read_file.hpp"

namespace actimanager::app {
namespace {

namespace fs = std::filesystem;
using api::JsonValue;
using nlohmann::json;

constexpr int max_yaml_values = 20'000'000;

void take_apart(json&& document, std::vector<json>& objects) {
  const auto items = document.find("items");
  if (document.is_object() && items != document.end() && items->is_array()) {
    for (auto& item : *items) objects.push_back(std::move(item));
  } else {
    objects.push_back(std::move(document));
  }
}

Result<std::vector<json>> parse(const std::string& text) {
  std::vector<json> documents;
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return documents;
  if (text[first] != '{' && text[first] != '[') return api::yaml_documents(text, max_yaml_values);
  std::istringstream stream(text);
  try {
    while (stream >> std::ws && stream.peek() != std::char_traits<char>::eof()) {
      stream >> documents.emplace_back();
    }
  } catch (const json::parse_error& error) {
    return fail(Errc::invalid_argument, error.what());
  }
  return documents;
}

Result<void> read_into(std::vector<json>& objects, const std::string& path) {
  const auto text = read_file(path);
  if (!text) return fail(text.error());
  auto documents = parse(*text);
  if (!documents) return fail(std::move(documents.error()).wrap(path));
  for (auto& document : *documents) take_apart(std::move(document), objects);
  return {};
}

std::string name_of(const JsonValue& object) {
  return object.find("metadata") == nullptr ? "without a name" : kube::key_of(object);
}

// Calls `use` with the decoded object.
template <class T, class Use>
Result<void> decoded(const JsonValue& object, Use use) {
  auto result = T::decode(object);
  if (!result) {
    return fail(std::move(result.error()).wrap(fmt::format("{} {}", api::Kind<T>::kind, name_of(object))));
  }
  use(std::move(*result));
  return {};
}

template <class T>
Result<void> add_owner(scheduler::Objects& objects, const JsonValue& object) {
  return decoded<T>(object, [&](const T& owner) { objects.set_owner(owner); });
}

void fill_in_defaults(api::Pod& pod) {
  if (pod.meta.namespace_.empty()) pod.meta.namespace_ = "default";
  if (pod.meta.uid.empty()) pod.meta.uid = pod.meta.key();
  if (pod.spec->scheduler_name.empty()) pod.spec->scheduler_name = "default-scheduler";
  for (auto* containers : {&pod.spec->containers, &pod.spec->init_containers}) {
    for (auto& container : *containers) {
      for (const auto& [resource, limit] : container.limits) container.requests.emplace(resource, limit);
    }
  }
}

}  // namespace

Result<std::vector<json>> read_objects(const std::string& path) {
  std::vector<json> objects;
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    if (auto read = read_into(objects, path); !read) return fail(std::move(read.error()));
    return objects;
  }
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    const auto extension = entry.path().extension();
    if (extension == ".json" || extension == ".yaml" || extension == ".yml") files.push_back(entry.path());
  }
  if (error) return fail(Errc::not_found, fmt::format("{}: {}", path, error.message()));
  std::ranges::sort(files);
  for (const auto& file : files) {
    if (auto read = read_into(objects, file); !read) return fail(std::move(read.error()));
  }
  return objects;
}

Result<ClusterDump> ClusterDump::read(const std::vector<std::string>& paths) {
  ClusterDump dump;
  for (const auto& path : paths) {
    const auto objects = read_objects(path);
    if (!objects) return fail(objects.error());
    for (const auto& object : *objects) {
      const api::JsonDocument document(object);
      const auto& root = document.root();
      if (auto added = dump.add(root.text_of("kind"), root); !added) {
        return fail(std::move(added.error()).wrap(path));
      }
    }
  }
  return dump;
}

Result<void> ClusterDump::add(std::string_view kind, const JsonValue& object) {
  if (object.kind != JsonValue::Kind::object) {
    return fail(Errc::invalid_argument, "not an object of Kubernetes");
  }
  auto& objects = cache_->objects();
  if (kind == "Pod") {
    return decoded<api::Pod>(object, [&](api::Pod pod) {
      fill_in_defaults(pod);
      const auto pointer = std::make_shared<const api::Pod>(std::move(pod));
      cache_->upsert(pointer);
      pods_[pointer->meta.key()] = pointer;
    });
  }
  if (kind == "Node") {
    return decoded<api::Node>(
        object, [&](api::Node node) { cache_->upsert(std::make_shared<const api::Node>(std::move(node))); });
  }
  if (kind == "NodeCPUTopology") {
    return decoded<api::NodeCPUTopology>(object, [&](const auto& topology) { cache_->upsert(topology); });
  }
  if (kind == "PodCPUBinding") {
    return decoded<api::PodCPUBinding>(object, [&](const auto& binding) { cache_->upsert(binding); });
  }
  if (kind == "Namespace") {
    return decoded<api::Namespace>(object, [&](const auto& name_space) { cache_->upsert(name_space); });
  }
  if (kind == "Service") {
    return decoded<api::Service>(object, [&](const auto& service) { objects.set(service); });
  }
  auto& storage = objects.storage();
  const auto into = [&]<class Known>(Known& objects_of_kind) {
    using T = typename Known::Object;
    return decoded<T>(object,
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
  cache_->update(snapshot);
  for (const auto& [key, pod] : pods_) {
    const auto& node = pod->nominated_node_name;
    const bool waits =
        pod->node_name.empty() && !pod->finished() && scheduler.handles(pod->spec->scheduler_name);
    if (node.empty() || !waits || !scheduler.pre_enqueue(*pod).ok()) continue;
    cache_->nominate(pod, node, scheduler.place_nominated(*pod, snapshot, node));
  }
}

scheduler::PodPointer ClusterDump::pod(const std::string& key) const {
  const auto it = pods_.find(key);
  return it == pods_.end() ? nullptr : it->second;
}

Result<std::vector<scheduler::PodPointer>> read_pods(const std::string& path) {
  const auto objects = read_objects(path);
  if (!objects) return fail(objects.error());
  std::vector<scheduler::PodPointer> pods;
  for (const auto& object : *objects) {
    const api::JsonDocument document(object);
    if (document.root().text_of("kind") != "Pod") continue;
    auto used = decoded<api::Pod>(document.root(), [&](api::Pod pod) {
      fill_in_defaults(pod);
      pods.push_back(std::make_shared<const api::Pod>(std::move(pod)));
    });
    if (!used) return fail(std::move(used.error()).wrap(path));
  }
  if (pods.empty()) return fail(Errc::invalid_argument, path + ": there is no Pod in it");
  return pods;
}

}  // namespace actimanager::app

#include "pod_files.hpp"

#include <map>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "decoding.hpp"
#include "defaulting.hpp"
#include "object_files.hpp"

namespace actimanager::app {
namespace {

using nlohmann::json;

class Reading {
 public:
  explicit Reading(const ClusterDump& cluster) : cluster_(cluster) {
    for (const auto& [key, pod] : cluster.pods()) by_uid_.emplace(pod->meta.uid, key);
  }

  Result<void> file(const std::string& path) {
    auto objects = read_objects(path);
    if (!objects) return fail(std::move(objects.error()));
    const auto before = read_.size();
    for (auto& object : *objects) {
      if (!object.is_object() || text_of(object, "kind") != "Pod") continue;
      fill_in_defaults(object);
      const auto& meta = object["metadata"];
      if (meta.is_object()) named_.insert(text_of(meta, "namespace") + "/" + text_of(meta, "name"));
      read_.emplace_back(path, std::move(object));
    }
    if (read_.size() == before) return fail(Errc::invalid_argument, path + ": there is no Pod in it");
    return {};
  }
  Result<std::vector<scheduler::PodPointer>> pods() && {
    for (auto& [path, pod] : read_) {
      if (auto taken = take(pod); !taken) return fail(std::move(taken.error()).wrap(path));
    }
    return std::move(pods_);
  }

 private:
  Result<void> take(json& object) {
    if (auto named = name(object); !named) return named;
    const auto classed = cluster_.priority_classes().apply(object);
    const api::JsonDocument document(object);
    if (!classed) return fail(Error(classed.error()).wrap(described("Pod", document.root())));
    auto pod = decoded<api::Pod>(document.root());
    if (!pod) return fail(std::move(pod.error()));
    fill_in_requests(*pod);
    if (auto own = identify(*pod); !own) return own;
    pods_.push_back(std::make_shared<const api::Pod>(std::move(*pod)));
    return {};
  }

  Result<void> identify(api::Pod& pod) {
    const auto key = pod.meta.key();
    if (!keys_.insert(key).second) return fail(Errc::invalid_argument, "Pod " + key + " is there twice");
    if (pod.meta.uid.empty()) {
      const auto same = cluster_.pod(key);
      pod.meta.uid = same == nullptr ? key : same->meta.uid;
    }
    const auto [of, fresh] = by_uid_.emplace(pod.meta.uid, key);
    if (fresh || of->second == key) return {};
    return fail(Errc::invalid_argument,
                fmt::format("Pod {}: metadata.uid: it is that of Pod {}", key, of->second));
  }

  Result<void> name(json& pod) {
    const auto meta = pod.find("metadata");
    const bool readable = meta != pod.end() && meta->is_object();
    if (readable && !text_of(*meta, "name").empty()) return {};
    const auto prefix = readable ? text_of(*meta, "generateName") : std::string();
    if (prefix.empty())
      return fail(Errc::invalid_argument, "Pod without a name: metadata.name or generateName is required");
    const auto space = text_of(*meta, "namespace");
    std::string made;
    do {
      made = fmt::format("{}{}", prefix, ++numbers_[space + "/" + prefix]);
    } while (named_.contains(space + "/" + made) || cluster_.pod(space + "/" + made) != nullptr);
    (*meta)["name"] = made;
    return {};
  }

  const ClusterDump& cluster_;
  std::vector<std::pair<std::string, json>> read_;  // each with its file
  std::unordered_set<std::string> named_;           // by who wrote them
  std::vector<scheduler::PodPointer> pods_;
  std::unordered_set<std::string> keys_;
  std::unordered_map<std::string, std::string> by_uid_;  // keys, also of the cluster's Pods
  std::map<std::string, int> numbers_;                   // by namespace/generateName
};

}  // namespace

Result<std::vector<scheduler::PodPointer>> read_pods(const std::vector<std::string>& paths,
                                                     const ClusterDump& cluster) {
  Reading reading(cluster);
  for (const auto& path : paths) {
    if (auto read = reading.file(path); !read) return fail(std::move(read.error()));
  }
  return std::move(reading).pods();
}

}  // namespace actimanager::app

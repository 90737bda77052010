#include <actimanager/api/selecting.hpp>

#include "meta_json.hpp"

namespace actimanager::api {
namespace {

// Pods' templates and annotations can be large, and nobody asks for them.
ObjectMeta decode_small_meta(JsonCursor cursor) {
  auto meta = decode_meta(cursor);
  meta.annotations->clear();
  return meta;
}

template <class T>
Result<T> decode_owner(const nlohmann::json& object) {
  JsonDocument document(object);
  const auto root = document.root();
  T owner;
  owner.meta = decode_small_meta(root["metadata"]);
  owner.selector = decode_label_selector(root["spec"]["selector"]);
  return std::move(document).finish(std::move(owner));
}

}  // namespace

Result<Namespace> Namespace::decode(const nlohmann::json& object) {
  JsonDocument document(object);
  Namespace result{decode_small_meta(document.root()["metadata"])};
  return std::move(document).finish(std::move(result));
}

Result<Service> Service::decode(const nlohmann::json& object) {
  JsonDocument document(object);
  const auto root = document.root();
  Service service{decode_small_meta(root["metadata"]), decode_string_map(root["spec"]["selector"])};
  return std::move(document).finish(std::move(service));
}

Result<ReplicationController> ReplicationController::decode(const nlohmann::json& object) {
  JsonDocument document(object);
  const auto root = document.root();
  ReplicationController controller;
  controller.meta = decode_small_meta(root["metadata"]);
  controller.selector = LabelSelector::of(decode_string_map(root["spec"]["selector"]));
  return std::move(document).finish(std::move(controller));
}

Result<ReplicaSet> ReplicaSet::decode(const nlohmann::json& object) {
  return decode_owner<ReplicaSet>(object);
}

Result<StatefulSet> StatefulSet::decode(const nlohmann::json& object) {
  return decode_owner<StatefulSet>(object);
}

}  // namespace actimanager::api

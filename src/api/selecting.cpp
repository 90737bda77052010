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
Result<T> decode_owner(const JsonValue& object) {
  JsonReader reader(object);
  const auto root = reader.root();
  T owner;
  owner.meta = decode_small_meta(root["metadata"]);
  owner.selector = decode_label_selector(root["spec"]["selector"]);
  return reader.finish(std::move(owner));
}

}  // namespace

Result<Namespace> Namespace::decode(const JsonValue& object) {
  JsonReader reader(object);
  Namespace result{decode_small_meta(reader.root()["metadata"])};
  return reader.finish(std::move(result));
}

Result<Service> Service::decode(const JsonValue& object) {
  JsonReader reader(object);
  const auto root = reader.root();
  Service service{decode_small_meta(root["metadata"]), decode_string_map(root["spec"]["selector"])};
  return reader.finish(std::move(service));
}

Result<ReplicationController> ReplicationController::decode(const JsonValue& object) {
  JsonReader reader(object);
  const auto root = reader.root();
  ReplicationController controller;
  controller.meta = decode_small_meta(root["metadata"]);
  controller.selector = LabelSelector::of(decode_string_map(root["spec"]["selector"]));
  return reader.finish(std::move(controller));
}

Result<ReplicaSet> ReplicaSet::decode(const JsonValue& object) {
  return decode_owner<ReplicaSet>(object);
}

Result<StatefulSet> StatefulSet::decode(const JsonValue& object) {
  return decode_owner<StatefulSet>(object);
}

}  // namespace actimanager::api

// What selects Pods by their labels, as far as default spreading asks (core/v1 Service and
// ReplicationController, apps/v1 ReplicaSet and StatefulSet), and Namespace, whose labels affinity asks for.
#pragma once

#include <actimanager/api/json_value.hpp>
#include <actimanager/api/meta.hpp>
#include <actimanager/api/selector.hpp>
#include <actimanager/core/error.hpp>

namespace actimanager::api {

struct Namespace {
  ObjectMeta meta;
  static Result<Namespace> decode(const JsonValue& object);
};

struct Service {
  ObjectMeta meta;
  StringMap selector;  // empty: selects no Pod
  static Result<Service> decode(const JsonValue& object);
};

struct ReplicationController {
  ObjectMeta meta;
  LabelSelector selector;
  static Result<ReplicationController> decode(const JsonValue& object);
};

struct ReplicaSet {
  ObjectMeta meta;
  LabelSelector selector;
  static Result<ReplicaSet> decode(const JsonValue& object);
};

struct StatefulSet {
  ObjectMeta meta;
  LabelSelector selector;
  static Result<StatefulSet> decode(const JsonValue& object);
};

}  // namespace actimanager::api

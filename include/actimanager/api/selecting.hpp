// What selects Pods by their labels, as far as default spreading asks (core/v1 Service and
// ReplicationController, apps/v1 ReplicaSet and StatefulSet), and Namespace, whose labels affinity asks for.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <actimanager/api/meta.hpp>
#include <actimanager/api/selector.hpp>
#include <actimanager/core/error.hpp>

namespace actimanager::api {

struct Namespace {
  ObjectMeta meta;
  static Result<Namespace> decode(const nlohmann::json& object);
};

struct Service {
  ObjectMeta meta;
  StringMap selector;  // empty: selects no Pod
  static Result<Service> decode(const nlohmann::json& object);
};

struct ReplicationController {
  ObjectMeta meta;
  LabelSelector selector;
  static Result<ReplicationController> decode(const nlohmann::json& object);
};

struct ReplicaSet {
  ObjectMeta meta;
  LabelSelector selector;
  static Result<ReplicaSet> decode(const nlohmann::json& object);
};

struct StatefulSet {
  ObjectMeta meta;
  LabelSelector selector;
  static Result<StatefulSet> decode(const nlohmann::json& object);
};

}  // namespace actimanager::api

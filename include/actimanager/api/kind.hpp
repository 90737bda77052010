// Kind<T>: where objects of type T live in the Kubernetes API, for code that is generic over kinds.
#pragma once

#include <string>
#include <string_view>

#include <actimanager/api/disruption.hpp>
#include <actimanager/api/names.hpp>
#include <actimanager/api/node.hpp>
#include <actimanager/api/node_cpu_topology.hpp>
#include <actimanager/api/pod.hpp>
#include <actimanager/api/pod_cpu_binding.hpp>
#include <actimanager/api/selecting.hpp>
#include <actimanager/api/storage.hpp>

namespace actimanager::api {

template <class T>
struct Kind;  // { group, version, plural, kind, namespaced }

template <>
struct Kind<Pod> {
  static constexpr std::string_view group = "", version = "v1", plural = "pods", kind = "Pod";
  static constexpr bool namespaced = true;
};
template <>
struct Kind<Node> {
  static constexpr std::string_view group = "", version = "v1", plural = "nodes", kind = "Node";
  static constexpr bool namespaced = false;
};
template <>
struct Kind<NodeCPUTopology> {
  static constexpr std::string_view group = api::group, version = api::version, plural = "nodecputopologies",
                                    kind = "NodeCPUTopology";
  static constexpr bool namespaced = false;
};
template <>
struct Kind<PodCPUBinding> {
  static constexpr std::string_view group = api::group, version = api::version, plural = "podcpubindings",
                                    kind = "PodCPUBinding";
  static constexpr bool namespaced = true;
};
template <>
struct Kind<Namespace> {
  static constexpr std::string_view group = "", version = "v1", plural = "namespaces", kind = "Namespace";
  static constexpr bool namespaced = false;
};
template <>
struct Kind<Service> {
  static constexpr std::string_view group = "", version = "v1", plural = "services", kind = "Service";
  static constexpr bool namespaced = true;
};
template <>
struct Kind<ReplicationController> {
  static constexpr std::string_view group = "", version = "v1", plural = "replicationcontrollers",
                                    kind = "ReplicationController";
  static constexpr bool namespaced = true;
};
template <>
struct Kind<ReplicaSet> {
  static constexpr std::string_view group = "apps", version = "v1", plural = "replicasets",
                                    kind = "ReplicaSet";
  static constexpr bool namespaced = true;
};
template <>
struct Kind<StatefulSet> {
  static constexpr std::string_view group = "apps", version = "v1", plural = "statefulsets",
                                    kind = "StatefulSet";
  static constexpr bool namespaced = true;
};
template <>
struct Kind<PodDisruptionBudget> {
  static constexpr std::string_view group = "policy", version = "v1", plural = "poddisruptionbudgets",
                                    kind = "PodDisruptionBudget";
  static constexpr bool namespaced = true;
};
template <>
struct Kind<PersistentVolumeClaim> {
  static constexpr std::string_view group = "", version = "v1", plural = "persistentvolumeclaims",
                                    kind = "PersistentVolumeClaim";
  static constexpr bool namespaced = true;
};
template <>
struct Kind<PersistentVolume> {
  static constexpr std::string_view group = "", version = "v1", plural = "persistentvolumes",
                                    kind = "PersistentVolume";
  static constexpr bool namespaced = false;
};
template <>
struct Kind<StorageClass> {
  static constexpr std::string_view group = "storage.k8s.io", version = "v1", plural = "storageclasses",
                                    kind = "StorageClass";
  static constexpr bool namespaced = false;
};
template <>
struct Kind<CSINode> {
  static constexpr std::string_view group = "storage.k8s.io", version = "v1", plural = "csinodes",
                                    kind = "CSINode";
  static constexpr bool namespaced = false;
};
template <>
struct Kind<CSIDriver> {
  static constexpr std::string_view group = "storage.k8s.io", version = "v1", plural = "csidrivers",
                                    kind = "CSIDriver";
  static constexpr bool namespaced = false;
};
template <>
struct Kind<CSIStorageCapacity> {
  static constexpr std::string_view group = "storage.k8s.io", version = "v1", plural = "csistoragecapacities",
                                    kind = "CSIStorageCapacity";
  static constexpr bool namespaced = true;
};
template <>
struct Kind<VolumeAttachment> {
  static constexpr std::string_view group = "storage.k8s.io", version = "v1", plural = "volumeattachments",
                                    kind = "VolumeAttachment";
  static constexpr bool namespaced = false;
};

// "v1", "apps/v1": as objects of the kind, and references to them, write it.
template <class T>
std::string api_version_of() {
  std::string text(Kind<T>::group);
  if (!text.empty()) text += '/';
  return text.append(Kind<T>::version);
}

}  // namespace actimanager::api

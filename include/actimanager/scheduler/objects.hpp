// Objects: what plugins ask of the cluster beside its nodes and Pods: Namespaces' labels, and what selects
// Pods (Services, and the controllers that own them). Cluster-wide, kept current by the leader's watches.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <actimanager/api/pod.hpp>
#include <actimanager/api/selecting.hpp>
#include <actimanager/scheduler/storage.hpp>

namespace actimanager::scheduler {

class Objects {
 public:
  // Whether that is news.
  bool set(const api::Namespace& object);
  void remove_namespace(std::string_view name) { namespaces_.erase(std::string(name)); }
  void set(const api::Service& service);
  void remove_service(const api::ObjectMeta& service);
  // A ReplicationController, ReplicaSet or StatefulSet, by its apiVersion ("apps/v1") and kind.
  void set_owner(std::string_view api_version, std::string_view kind, const api::ObjectMeta& meta,
                 const api::LabelSelector& selector);
  void remove_owner(std::string_view api_version, std::string_view kind, const api::ObjectMeta& meta);

  // Empty for a Namespace that is not known.
  const api::StringMap& namespace_labels(std::string_view name) const;
  // Calls `visit(name, labels)` for every Namespace.
  template <class Visit>
  void each_namespace(Visit visit) const {
    for (const auto& [name, labels] : namespaces_) visit(name, labels);
  }
  // What the Services that select the Pod and its controller select, all at once: its fellows. Without any, a
  // selector of everything.
  api::LabelSelector selector_of_fellows(const api::Pod& pod) const;

  const Storage& storage() const { return storage_; }
  Storage& storage() { return storage_; }

 private:
  using ByName = std::unordered_map<std::string, api::StringMap>;
  ByName namespaces_;                                           // name → labels
  std::unordered_map<std::string, ByName> services_;            // namespace → name → selector
  std::unordered_map<std::string, api::LabelSelector> owners_;  // "apps/v1 ReplicaSet default/web"
  Storage storage_;
};

}  // namespace actimanager::scheduler

// Objects: what plugins ask of the cluster beside its nodes and Pods: Namespaces' labels, what selects Pods
// (Services, and the controllers that own them), what protects them, and storage. Cluster-wide, kept current
// by the leader's watches.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <actimanager/api/kind.hpp>
#include <actimanager/scheduler/storage.hpp>

namespace actimanager::scheduler {

class Objects {
 public:
  // Whether that is news.
  bool set(const api::Namespace& object);
  void remove_namespace(std::string_view name) { namespaces_.erase(std::string(name)); }
  void set(const api::Service& service);
  void remove_service(const api::ObjectMeta& service);
  // A controller of Pods: ReplicationController, ReplicaSet or StatefulSet.
  template <class T>
  void set_owner(const T& owner) {
    owners_[owner_key<T>(owner.meta)] = owner.selector;
  }
  template <class T>
  void remove_owner(const api::ObjectMeta& owner) {
    owners_.erase(owner_key<T>(owner));
  }

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

  const ByKey<api::PodDisruptionBudget>& budgets() const { return budgets_; }
  ByKey<api::PodDisruptionBudget>& budgets() { return budgets_; }
  const Storage& storage() const { return storage_; }
  // To change it.
  Storage& storage() {
    ++storage_generation_;
    return storage_;
  }
  // Higher after each change of the storage.
  std::uint64_t storage_generation() const { return storage_generation_; }

 private:
  static std::string owner_key(std::string_view api_version, std::string_view kind, const std::string& key);
  template <class T>
  static std::string owner_key(const api::ObjectMeta& meta) {
    return owner_key(api::api_version_of<T>(), api::Kind<T>::kind, meta.key());
  }

  using ByName = std::unordered_map<std::string, api::StringMap>;
  ByName namespaces_;                                           // name → labels
  std::unordered_map<std::string, ByName> services_;            // namespace → name → selector
  std::unordered_map<std::string, api::LabelSelector> owners_;  // "apps/v1 ReplicaSet default/web"
  ByKey<api::PodDisruptionBudget> budgets_;
  Storage storage_;
  std::uint64_t storage_generation_ = 0;
};

}  // namespace actimanager::scheduler

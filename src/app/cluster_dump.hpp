// A cluster as files, or read from its API server: the kinds that scheduling asks for. Kinds that are missing
// are empty, others are passed over.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <actimanager/api/json_value.hpp>
#include <actimanager/kube/resource.hpp>
#include <actimanager/scheduler/scheduler.hpp>

#include "priority_classes.hpp"

namespace actimanager::app {

class ClusterDump {
 public:
  // Files and directories, as read_objects() takes them. Errors: as of that, and an object that cannot be
  // understood, naming it and its field.
  static Result<ClusterDump> read(const std::vector<std::string>& paths);

  // What it is made of, in an order in which it can be added.
  struct Collection {
    std::string_view kind;
    kube::ResourceRef resource;  // of all namespaces
    Result<void> (ClusterDump::*add)(const api::JsonValue& object);
  };
  static const std::vector<Collection>& collections();

  // As an API server has it; Pods after all others. Errors: invalid_argument, naming the object and its
  // field.
  Result<void> add(std::string_view kind, const api::JsonValue& object);

  // Pods of this scheduler that wait for a node they were nominated for, and not behind a gate, are counted
  // there. Once, when all is added.
  void nominate(const scheduler::Scheduler& scheduler);
  // As if no Pod of this one's name had been there yet, with the bindings that such a one had; not with what
  // somebody bound this one to by hand. For put_back().
  struct Taken {
    scheduler::PodPointer pod;
    std::vector<api::PodCPUBinding> bindings;
  };
  Taken take_out(const api::Pod& pod);
  void put_back(const Taken& taken);
  // What somebody bound the Pod to by hand; nullopt: nothing.
  std::optional<allocator::Placement> bound_by_hand(const api::Pod& pod) const;
  // The books of a scheduler that has seen all of it.
  scheduler::Cache& cache() { return *cache_; }
  // By namespace/name; nullptr: there is none.
  scheduler::PodPointer pod(const std::string& key) const;
  // By namespace/name.
  const std::map<std::string, scheduler::PodPointer>& pods() const { return pods_; }
  const PriorityClasses& priority_classes() const { return priority_classes_; }

 private:
  template <class T>
  static Collection collection();
  template <class T>
  Result<void> add_as(const api::JsonValue& object);
  Result<void> add_priority_class(const api::JsonValue& object);
  Result<void> put_pod(api::Pod pod);
  // Whether it is the first of its name. Errors: another one was.
  Result<bool> is_new(std::string_view kind, const api::JsonValue& object);

  std::unique_ptr<scheduler::Cache> cache_ = std::make_unique<scheduler::Cache>();
  std::map<std::string, scheduler::PodPointer> pods_;
  std::multimap<std::string, api::PodCPUBinding> bindings_;  // by their Pod's namespace/name
  std::set<std::string> pod_uids_;
  std::map<std::string, std::string, std::less<>> known_;  // UID and version, by kind and namespace/name
  PriorityClasses priority_classes_;
};

}  // namespace actimanager::app

// A node and what is stored in its cluster, for the plugins that look at volumes.
#pragma once

#include <actimanager/api/storage.hpp>

#include "plugin_bench.hpp"

namespace actimanager::scheduler::testing {

using nlohmann::json;

// One node "n" in zone a; claims, volumes and classes by their JSON.
struct VolumeBench {
  Cache cache;
  Snapshot snapshot;
  CycleState state;

  VolumeBench() {
    cache.upsert(std::shared_ptr<const api::Node>(labelled("n", {{"topology.kubernetes.io/zone", "a"}})));
    add<api::StorageClass>({{"metadata", {{"name", "wait"}}},
                            {"provisioner", "csi.example.com"},
                            {"volumeBindingMode", "WaitForFirstConsumer"}});
    add<api::StorageClass>({{"metadata", {{"name", "now"}}}, {"provisioner", "csi.example.com"}});
    add<api::StorageClass>({{"metadata", {{"name", "local"}}},
                            {"provisioner", "kubernetes.io/no-provisioner"},
                            {"volumeBindingMode", "WaitForFirstConsumer"}});
  }

  void set(std::shared_ptr<const api::PersistentVolumeClaim> claim) {
    storage().claims.set(std::move(claim));
  }
  void set(std::shared_ptr<const api::PersistentVolume> volume) { storage().volumes.set(std::move(volume)); }
  void set(std::shared_ptr<const api::StorageClass> c) { storage().classes.set(std::move(c)); }
  void set(std::shared_ptr<const api::CSINode> node) { storage().nodes.set(std::move(node)); }
  void set(std::shared_ptr<const api::CSIDriver> driver) { storage().drivers.set(std::move(driver)); }
  void set(std::shared_ptr<const api::CSIStorageCapacity> room) { storage().capacities.set(std::move(room)); }
  Storage& storage() { return cache.objects().storage(); }
  template <class T>
  void add(const json& object) {
    set(std::make_shared<const T>(value_or_throw(api::decode<T>(object))));
  }

  void claim(const char* name, const char* storage_class, const char* volume = "",
             json more = json::object()) {
    json object = {{"metadata", {{"name", name}, {"namespace", "default"}, {"uid", name}}},
                   {"spec",
                    {{"storageClassName", storage_class},
                     {"accessModes", {"ReadWriteOnce"}},
                     {"resources", {{"requests", {{"storage", "10Gi"}}}}}}}};
    if (*volume != '\0') {
      object["spec"]["volumeName"] = volume;
      object["metadata"]["annotations"] = {{"pv.kubernetes.io/bind-completed", "yes"}};
    }
    object.merge_patch(more);
    add<api::PersistentVolumeClaim>(object);
  }
  void volume(const char* name, const char* storage_class, json more = json::object()) {
    json object = {{"metadata", {{"name", name}}},
                   {"spec",
                    {{"storageClassName", storage_class},
                     {"accessModes", {"ReadWriteOnce"}},
                     {"capacity", {{"storage", "10Gi"}}},
                     {"csi", {{"driver", "csi.example.com"}, {"volumeHandle", name}}}}},
                   {"status", {{"phase", "Available"}}}};
    object.merge_patch(more);
    add<api::PersistentVolume>(object);
  }

  std::string asked(const Plugin& plugin, const api::Pod& pod) {
    cache.update(snapshot);
    state = {};
    auto status = plugin.pre_filter(state, pod, snapshot).status;
    if (status.ok()) status = plugin.filter(state, pod, *snapshot.find("n"));
    return verdict(status);
  }
};

inline api::Pod with_claims(const char* name, std::initializer_list<const char*> claims) {
  auto pod = make_pod(name);
  for (const auto* claim : claims) pod.volumes->push_back({.name = claim, .claim_name = claim});
  return pod;
}

inline json in_zone(const char* zone) {
  return {
      {"spec",
       {{"nodeAffinity",
         {{"required",
           {{"nodeSelectorTerms",
             {{{"matchExpressions",
                {{{"key", "topology.kubernetes.io/zone"}, {"operator", "In"}, {"values", {zone}}}}}}}}}}}}}}};
}

}  // namespace actimanager::scheduler::testing

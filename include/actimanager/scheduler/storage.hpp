// Storage: the cluster's claims and volumes as the volume plugins ask for them, with what a decision has
// chosen and the API does not say yet.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include <actimanager/api/node.hpp>
#include <actimanager/api/storage.hpp>
#include <actimanager/core/string_hash.hpp>

namespace actimanager::scheduler {

template <class T>
class ByKey {
 public:
  using Object = T;
  using Pointer = std::shared_ptr<const T>;

  const T* find(std::string_view key) const {
    const auto it = objects_.find(key);
    return it == objects_.end() ? nullptr : it->second.get();
  }
  void set(Pointer object) {
    auto key = object->meta.key();
    objects_.insert_or_assign(std::move(key), std::move(object));
  }
  void remove(std::string_view key) {
    const auto it = objects_.find(key);
    if (it != objects_.end()) objects_.erase(it);
  }
  auto begin() const { return objects_.begin(); }  // key, object
  auto end() const { return objects_.end(); }

 private:
  std::unordered_map<std::string, Pointer, StringHash, std::equal_to<>> objects_;
};

// ByKey that knows its objects by group, too. `group_of` names an object's group; "": it is in none.
template <class T, auto group_of>
class ByGroup {
 public:
  using Object = T;
  using Pointer = typename ByKey<T>::Pointer;
  using Group = std::unordered_set<const T*>;

  const T* find(std::string_view key) const { return objects_.find(key); }
  const Group& group(std::string_view name) const {
    static const Group none;
    const auto it = groups_.find(name);
    return it == groups_.end() ? none : it->second;
  }
  void set(Pointer object) {
    leave_group(object->meta.key());
    if (auto name = group_of(*object); !name.empty()) groups_[std::move(name)].insert(object.get());
    objects_.set(std::move(object));
  }
  void remove(std::string_view key) {
    leave_group(key);
    objects_.remove(key);
  }
  auto begin() const { return objects_.begin(); }  // key, object
  auto end() const { return objects_.end(); }

 private:
  void leave_group(std::string_view key) {
    const auto* object = find(key);
    const auto it = object == nullptr ? groups_.end() : groups_.find(group_of(*object));
    if (it == groups_.end()) return;
    it->second.erase(object);
    if (it->second.empty()) groups_.erase(it);
  }

  ByKey<T> objects_;
  std::unordered_map<std::string, Group, StringHash, std::equal_to<>> groups_;
};

// A volume is in the group of the claim that it is reserved for, or with the free ones of its class.
std::string volumes_reserved_for(const api::PersistentVolumeClaim& claim);
std::string volumes_free_in(std::string_view storage_class);
std::string group_of_volume(const api::PersistentVolume& volume);
// The class that it is of.
std::string group_of_capacity(const api::CSIStorageCapacity& capacity);
// The node that it attaches to; "": it names no driver.
std::string group_of_attachment(const api::VolumeAttachment& attachment);

struct Storage {
  ByKey<api::PersistentVolumeClaim> claims;  // namespace/name
  ByGroup<api::PersistentVolume, group_of_volume> volumes;
  ByKey<api::StorageClass> classes;
  ByKey<api::CSINode> nodes;
  ByKey<api::CSIDriver> drivers;
  ByGroup<api::CSIStorageCapacity, group_of_capacity> capacities;
  ByGroup<api::VolumeAttachment, group_of_attachment> attachments;
};

// Whether the volume's node affinity lets it be used there.
bool usable_on(const api::PersistentVolume& volume, const api::Node& node);
// The same for a volume that is bound: where a CSI driver has replaced its in-tree plugin on the node
// (csi_node; nullptr: not known), zones are those that the driver names the node's.
bool usable_on(const api::PersistentVolume& volume, const api::Node& node, const api::CSINode* csi_node);

// What has to be written to the API so that the Pod's claims get their volumes on its node.
struct VolumePlan {
  struct Static {
    std::string claim;   // namespace/name
    std::string volume;  // a PersistentVolume that is there
  };
  std::vector<Static> bind;
  std::vector<std::string> provision;  // claims for which one is to be made
  std::chrono::seconds timeout{600};   // until all are bound

  bool empty() const { return bind.empty() && provision.empty(); }
};

// The plan is under way: the next decision finds the volumes taken and the claims meant for the node.
void assume(Storage& storage, const VolumePlan& plan, std::string_view node);

}  // namespace actimanager::scheduler

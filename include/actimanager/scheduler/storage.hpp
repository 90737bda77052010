// Storage: the cluster's claims and volumes as the volume plugins ask for them, with what a decision has
// chosen and the API does not say yet.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include <actimanager/api/node.hpp>
#include <actimanager/api/storage.hpp>
#include <actimanager/core/string_hash.hpp>

namespace actimanager::scheduler {

template <class T>
class ByKey {
 public:
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

struct Storage {
  ByKey<api::PersistentVolumeClaim> claims;  // namespace/name
  ByKey<api::PersistentVolume> volumes;
  ByKey<api::StorageClass> classes;
  ByKey<api::CSINode> nodes;
  ByKey<api::CSIDriver> drivers;
  ByKey<api::CSIStorageCapacity> capacities;
  ByKey<api::VolumeAttachment> attachments;
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

  bool empty() const { return bind.empty() && provision.empty(); }
};

// The plan is under way: the next decision finds the volumes taken and the claims meant for the node.
void assume(Storage& storage, const VolumePlan& plan, std::string_view node);

}  // namespace actimanager::scheduler

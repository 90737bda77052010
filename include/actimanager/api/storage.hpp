// Claims and volumes, as far as scheduling uses them (core/v1 PersistentVolumeClaim and PersistentVolume,
// storage.k8s.io/v1 StorageClass, CSINode, CSIDriver, CSIStorageCapacity, VolumeAttachment).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <actimanager/api/json_value.hpp>
#include <actimanager/api/meta.hpp>
#include <actimanager/api/pod.hpp>
#include <actimanager/api/selector.hpp>

namespace actimanager::api {

struct PersistentVolumeClaim {
  ObjectMeta meta;
  std::string storage_class;  // "": none
  std::vector<std::string> access_modes;
  std::string volume_name;  // "": not bound to one
  std::string volume_mode;  // "Filesystem" where the object leaves it out
  std::string volume_attributes_class;
  std::optional<Quantity> requested;  // storage
  LabelSelector selector;
  std::string phase;

  // The binding is complete on both sides.
  bool bound() const { return !volume_name.empty() && meta.annotation(bind_completed) != nullptr; }
  static constexpr std::string_view bind_completed = "pv.kubernetes.io/bind-completed";
  // The node for which a volume is to be provisioned.
  static constexpr std::string_view selected_node = "volume.kubernetes.io/selected-node";
  static Result<PersistentVolumeClaim> decode(const JsonValue& object);
};

struct PersistentVolume {
  struct ClaimReference {
    std::string namespace_, name, uid;
  };
  ObjectMeta meta;
  std::string storage_class;
  std::vector<std::string> access_modes;
  Quantity capacity;
  std::string volume_mode;
  std::string volume_attributes_class;
  std::optional<ClaimReference> claim;
  std::optional<std::vector<NodeSelectorTerm>> node_affinity;  // required
  std::string phase;
  DiskSource disk;

  // Reserved for, or bound to, this claim.
  bool is_of(const PersistentVolumeClaim& claim) const;
  static Result<PersistentVolume> decode(const JsonValue& object);
};

struct StorageClass {
  struct TopologyTerm {
    std::vector<NodeSelectorRequirement> match_label_expressions;  // all of them, operator In
    bool operator==(const TopologyTerm&) const = default;
  };
  ObjectMeta meta;
  std::string provisioner;
  bool waits_for_consumer = false;  // volumeBindingMode WaitForFirstConsumer
  std::vector<TopologyTerm> allowed_topologies;
  static Result<StorageClass> decode(const JsonValue& object);
};

struct CSINode {
  struct Driver {
    std::string name;
    std::optional<std::int64_t> limit;  // volumes that may be attached
  };
  ObjectMeta meta;  // its name is the Node's
  std::vector<Driver> drivers;

  // Whether volumes of this in-tree plugin ("kubernetes.io/gce-pd") are left to its CSI driver here.
  bool migrated(std::string_view plugin) const;
  static Result<CSINode> decode(const JsonValue& object);
};

struct CSIDriver {
  ObjectMeta meta;
  bool storage_capacity = false;  // publishes CSIStorageCapacity objects
  static Result<CSIDriver> decode(const JsonValue& object);
};

struct CSIStorageCapacity {
  ObjectMeta meta;
  std::string storage_class;
  LabelSelector nodes;            // which have access
  std::optional<Quantity> limit;  // of one volume
  static Result<CSIStorageCapacity> decode(const JsonValue& object);
};

struct VolumeAttachment {
  ObjectMeta meta;
  std::string attacher;
  std::string node_name;
  std::string volume_name;  // a PersistentVolume; "" for an inline volume
  static Result<VolumeAttachment> decode(const JsonValue& object);
};

}  // namespace actimanager::api

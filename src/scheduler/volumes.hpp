// What the volume plugins share: a Pod's claims, and which node a volume can be used on. Follows
// component-helpers' storage/volume and storage/ephemeral of Kubernetes 1.35.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <actimanager/api/node.hpp>
#include <actimanager/scheduler/storage.hpp>

namespace actimanager::scheduler {

// Of the claim that the Pod's volume is made of; "": of none.
std::string claim_name_of(const api::Pod& pod, const api::Volume& volume);
// The Pod's claim of this name; nullptr: there is none.
const api::PersistentVolumeClaim* find_claim(const Storage& storage, const api::Pod& pod,
                                             const std::string& name);

// "persistentvolumeclaim "data" not found", as the API server's clients say it.
std::string not_found(std::string_view resource, std::string_view name);
// The claim of an ephemeral volume must have been made for this Pod. Why it was not, or "".
std::string not_made_for(const api::Pod& pod, const api::PersistentVolumeClaim& claim);

// What lies between the separators of "a____b": a, "" and b.
std::vector<std::string_view> zone_parts(std::string_view text);
// "a__b" is zones a and b, each once, without spaces around it.
std::vector<std::string> split_zones(std::string_view text);

// The plugin of an in-tree disk ("kubernetes.io/gce-pd") that a CSI driver has replaced, and that driver;
// empty for others.
struct Migration {
  enum class Counted { always, where_migrated, never };
  std::string_view plugin, driver;
  std::string_view zone_key;  // the label by which the driver says where a node is; "": by the node's own
  Counted counted = Counted::always;  // against the driver's limit
};
Migration migration_of(const api::DiskSource& disk);
// The same by the plugin.
Migration migration_of_plugin(std::string_view plugin);
// Whether the volume is its CSI driver's on the node, though written for an in-tree plugin.
bool translated_on(const api::PersistentVolume& volume, const api::CSINode* csi_node);
// Why the driver could not tell which of its volumes this is; "": it can.
std::string untranslatable(const api::PersistentVolume& volume);

// For sign(): whether the volume plugins have anything to say about the Pod.
bool uses_disks(const api::Pod& pod);

}  // namespace actimanager::scheduler

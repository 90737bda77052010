// What the volume plugins share: a Pod's claims, and which node a volume can be used on. Follows
// component-helpers' storage/volume and storage/ephemeral of Kubernetes 1.35.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include <actimanager/api/node.hpp>
#include <actimanager/scheduler/storage.hpp>

namespace actimanager::scheduler {

// A volume of a Pod that is made of a claim.
struct ClaimUse {
  std::string name;  // of the claim
  bool ephemeral = false;
};
std::vector<ClaimUse> claims_of(const api::Pod& pod);

// "persistentvolumeclaim "data" not found", as the API server's clients say it.
std::string not_found(std::string_view resource, std::string_view name);
// The claim of an ephemeral volume must have been made for this Pod. Why it was not, or "".
std::string not_made_for(const api::Pod& pod, const api::PersistentVolumeClaim& claim);

// Whether the volume's node affinity lets it be used there.
bool usable_on(const api::PersistentVolume& volume, const api::Node& node);

// The plugin of an in-tree disk ("kubernetes.io/gce-pd") that a CSI driver has replaced, and that driver;
// empty for others.
struct Migration {
  std::string_view plugin, driver;
};
Migration migration_of(const api::DiskSource& disk);
// The driver that has replaced this plugin; "": none.
std::string_view driver_of_plugin(std::string_view plugin);

// For sign(): whether the volume plugins have anything to say about the Pod.
bool uses_disks(const api::Pod& pod);

}  // namespace actimanager::scheduler

#include "volumes.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "labels.hpp"

namespace actimanager::scheduler {
namespace {

struct InTree {
  std::string_view kind;
  Migration migration;
};
constexpr std::array in_tree = {
    InTree{"gcePersistentDisk", {"kubernetes.io/gce-pd", "pd.csi.storage.gke.io"}},
    InTree{"awsElasticBlockStore", {"kubernetes.io/aws-ebs", "ebs.csi.aws.com"}},
    InTree{"azureDisk", {"kubernetes.io/azure-disk", "disk.csi.azure.com"}},
    InTree{"cinder", {"kubernetes.io/cinder", "cinder.csi.openstack.org"}},
};

}  // namespace

std::vector<ClaimUse> claims_of(const api::Pod& pod) {
  std::vector<ClaimUse> uses;
  for (const auto& volume : pod.volumes) {
    if (!volume.claim_name.empty()) uses.push_back({volume.claim_name, false});
    if (volume.ephemeral) uses.push_back({pod.meta.name + "-" + volume.name, true});
  }
  return uses;
}

std::string not_found(std::string_view resource, std::string_view name) {
  return fmt::format("{} \"{}\" not found", resource, name);
}

std::string not_made_for(const api::Pod& pod, const api::PersistentVolumeClaim& claim) {
  const bool owned = std::ranges::any_of(claim.meta.owner_references, [&](const api::OwnerReference& owner) {
    return owner.controller && owner.uid == pod.meta.uid;
  });
  if (owned) return "";
  return fmt::format("PVC {} was not created for pod {} (pod is not owner)", claim.meta.key(),
                     pod.meta.key());
}

bool usable_on(const api::PersistentVolume& volume, const api::Node& node) {
  return !volume.node_affinity || matches_any(*volume.node_affinity, node);
}

Migration migration_of(const api::DiskSource& disk) {
  const auto it = std::ranges::find(in_tree, disk.kind, &InTree::kind);
  return it == in_tree.end() ? Migration() : it->migration;
}

std::string_view driver_of_plugin(std::string_view plugin) {
  const auto it =
      std::ranges::find(in_tree, plugin, [](const InTree& entry) { return entry.migration.plugin; });
  return it == in_tree.end() ? std::string_view() : it->migration.driver;
}

bool uses_disks(const api::Pod& pod) {
  return std::ranges::any_of(pod.volumes, [](const api::Volume& volume) {
    return !volume.claim_name.empty() || volume.ephemeral || !volume.disk.kind.empty();
  });
}

}  // namespace actimanager::scheduler

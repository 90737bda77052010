#include "volumes.hpp"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "labels.hpp"

namespace actimanager::scheduler {
namespace {

struct InTree {
  std::string_view kind;
  Migration migration;
};
constexpr std::array in_tree = {
    InTree{"gcePersistentDisk", {"kubernetes.io/gce-pd", "pd.csi.storage.gke.io", "topology.gke.io/zone"}},
    InTree{"awsElasticBlockStore",
           {"kubernetes.io/aws-ebs", "ebs.csi.aws.com", "topology.ebs.csi.aws.com/zone"}},
    InTree{"azureDisk", {"kubernetes.io/azure-disk", "disk.csi.azure.com", ""}},
    InTree{"cinder",
           {"kubernetes.io/cinder", "cinder.csi.openstack.org", "topology.cinder.csi.openstack.org/zone"}},
    InTree{"azureFile", {"kubernetes.io/azure-file", "file.csi.azure.com", "", Migration::Counted::never}},
    InTree{"vsphereVolume",
           {"kubernetes.io/vsphere-volume", "csi.vsphere.vmware.com", "", Migration::Counted::never}},
    InTree{"portworxVolume",
           {"kubernetes.io/portworx-volume", "pxd.portworx.com", "", Migration::Counted::where_migrated}},
};

using Terms = std::vector<api::NodeSelectorTerm>;

struct Labels {
  std::string_view zone, region;
};
constexpr Labels today = {"topology.kubernetes.io/zone", "topology.kubernetes.io/region"};
constexpr Labels once = {"failure-domain.beta.kubernetes.io/zone",
                         "failure-domain.beta.kubernetes.io/region"};

bool names(const Terms& terms, std::string_view key) {
  return std::ranges::any_of(terms, [&](const auto& term) {
    return std::ranges::find(term.match_expressions, key, &api::NodeSelectorRequirement::key) !=
           term.match_expressions.end();
  });
}

void rename(Terms& terms, std::string_view from, std::string_view to) {
  for (auto& term : terms) {
    for (auto& expression : term.match_expressions) {
      if (expression.key == from) expression.key = to;
    }
  }
}

// As csi-translation-lib does it: the affinity's zones, else those of the volume's labels, by the driver's
// key.
std::optional<Terms> translated(const api::PersistentVolume& volume, std::string_view zone_key) {
  Terms terms = volume.node_affinity.value_or(Terms());
  const bool by_affinity = names(terms, today.zone) || names(terms, once.zone);
  const bool old = by_affinity
                       ? !names(terms, today.zone)
                       : volume.meta.label(today.zone) == nullptr && volume.meta.label(once.zone) != nullptr;
  const Labels& labels = old ? once : today;
  if (by_affinity) {
    rename(terms, labels.zone, zone_key);
  } else if (const auto* text = volume.meta.label(labels.zone)) {
    if (auto zones = split_zones(*text); !zones.empty()) {
      if (terms.empty()) terms.emplace_back();
      for (auto& term : terms) term.match_expressions.push_back({std::string(zone_key), "In", zones});
    }
  }
  if (old) rename(terms, once.region, today.region);
  if (terms.empty() && !volume.node_affinity) return std::nullopt;
  return terms;
}

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

bool translated_on(const api::PersistentVolume& volume, const api::CSINode* csi_node) {
  const auto plugin = migration_of(volume.disk).plugin;
  return !plugin.empty() && csi_node != nullptr && csi_node->migrated(plugin);
}

bool usable_on(const api::PersistentVolume& volume, const api::Node& node, const api::CSINode* csi_node) {
  const auto zone_key = migration_of(volume.disk).zone_key;
  if (zone_key.empty() || !translated_on(volume, csi_node)) return usable_on(volume, node);
  const auto terms = translated(volume, zone_key);
  return !terms || matches_any(*terms, node);
}

std::vector<std::string> split_zones(std::string_view text) {
  std::vector<std::string> zones;
  for (std::size_t start = 0; start <= text.size();) {
    const auto end = std::min(text.find("__", start), text.size());
    auto zone = text.substr(start, end - start);
    while (zone.starts_with(' ')) zone.remove_prefix(1);
    while (zone.ends_with(' ')) zone.remove_suffix(1);
    if (!zone.empty() && std::ranges::find(zones, zone) == zones.end()) zones.emplace_back(zone);
    start = end + 2;
  }
  return zones;
}

Migration migration_of(const api::DiskSource& disk) {
  const auto it = std::ranges::find(in_tree, disk.kind, &InTree::kind);
  return it == in_tree.end() ? Migration() : it->migration;
}

Migration migration_of_plugin(std::string_view plugin) {
  const auto it =
      std::ranges::find(in_tree, plugin, [](const InTree& entry) { return entry.migration.plugin; });
  return it == in_tree.end() ? Migration() : it->migration;
}

// A disk in several zones is named by its region, which the zones' names begin with.
std::string untranslatable(const api::PersistentVolume& volume) {
  if (volume.disk.kind != "gcePersistentDisk") return "";
  const auto* label = volume.meta.label(once.zone);
  if (label == nullptr || label->empty()) label = volume.meta.label(today.zone);
  if (label == nullptr || !label->contains("__")) return "";
  std::set<std::string_view> regions;
  for (std::string_view rest = *label;;) {
    const auto end = rest.find("__");
    const auto zone = rest.substr(0, end);
    if (std::ranges::count(zone, '-') != 2) {
      return fmt::format(
          "failed to get region from zones: zone in unexpected format, expected: "
          "{{locale}}-{{region}}-{{zone}}, got: {}",
          zone);
    }
    regions.insert(zone.substr(0, zone.rfind('-')));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 2);
  }
  if (regions.size() == 1) return "";
  return fmt::format("failed to get region from zones: multiple or no regions gotten from zones, got: {}",
                     fmt::join(regions, " "));
}

bool uses_disks(const api::Pod& pod) {
  return std::ranges::any_of(pod.volumes, &api::Volume::restricts);
}

}  // namespace actimanager::scheduler

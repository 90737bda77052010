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

template <class Projection>
Migration migration_where(std::string_view name, Projection projection) {
  const auto it = std::ranges::find(in_tree, name, projection);
  return it == in_tree.end() ? Migration() : it->migration;
}

using Terms = std::vector<api::NodeSelectorTerm>;

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
  const bool by_affinity = names(terms, zone_label) || names(terms, beta_zone_label);
  const bool old =
      by_affinity ? !names(terms, zone_label)
                  : volume.meta.label(zone_label) == nullptr && volume.meta.label(beta_zone_label) != nullptr;
  const auto label = old ? beta_zone_label : zone_label;
  if (by_affinity) {
    rename(terms, label, zone_key);
  } else if (const auto* text = volume.meta.label(label)) {
    if (auto zones = split_zones(*text); !zones.empty()) {
      if (terms.empty()) terms.emplace_back();
      for (auto& term : terms) term.match_expressions.push_back({std::string(zone_key), "In", zones});
    }
  }
  if (old) rename(terms, beta_region_label, region_label);
  if (terms.empty() && !volume.node_affinity) return std::nullopt;
  return terms;
}

}  // namespace

std::string claim_name_of(const api::Pod& pod, const api::Volume& volume) {
  return volume.ephemeral ? pod.meta.name + "-" + volume.name : volume.claim_name;
}

const api::PersistentVolumeClaim* find_claim(const Storage& storage, const api::Pod& pod,
                                             const std::string& name) {
  return storage.claims.find(pod.meta.namespace_ + "/" + name);
}

std::string not_found(std::string_view resource, std::string_view name) {
  return fmt::format("{} \"{}\" not found", resource, name);
}

std::string not_made_for(const api::Pod& pod, const api::PersistentVolumeClaim& claim) {
  const bool owned = std::ranges::any_of(*claim.meta.owner_references, [&](const api::OwnerReference& owner) {
    return owner.controller && owner.uid == pod.meta.uid;
  });
  if (owned) return "";
  return fmt::format("PVC {} was not created for pod {} (pod is not owner)", claim.meta.key(),
                     pod.meta.key());
}

bool usable_on(const api::PersistentVolume& volume, const api::Node& node) {
  return !volume.node_affinity || labels_match_any(*volume.node_affinity, node);
}

bool translated_on(const api::PersistentVolume& volume, const api::CSINode* csi_node) {
  const auto plugin = migration_of(volume.disk).plugin;
  return !plugin.empty() && csi_node != nullptr && csi_node->migrated(plugin);
}

bool usable_on(const api::PersistentVolume& volume, const api::Node& node, const api::CSINode* csi_node) {
  const auto zone_key = migration_of(volume.disk).zone_key;
  if (zone_key.empty() || !translated_on(volume, csi_node)) return usable_on(volume, node);
  const auto terms = translated(volume, zone_key);
  return !terms || labels_match_any(*terms, node);
}

std::vector<std::string_view> zone_parts(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t start = 0; start <= text.size();) {
    const auto end = std::min(text.find("__", start), text.size());
    parts.push_back(text.substr(start, end - start));
    start = end + 2;
  }
  return parts;
}

std::vector<std::string> split_zones(std::string_view text) {
  std::vector<std::string> zones;
  for (auto zone : zone_parts(text)) {
    while (zone.starts_with(' ')) zone.remove_prefix(1);
    while (zone.ends_with(' ')) zone.remove_suffix(1);
    if (!zone.empty() && std::ranges::find(zones, zone) == zones.end()) zones.emplace_back(zone);
  }
  return zones;
}

Migration migration_of(const api::DiskSource& disk) {
  return migration_where(disk.kind, &InTree::kind);
}

Migration migration_of_plugin(std::string_view plugin) {
  return migration_where(plugin, [](const InTree& entry) { return entry.migration.plugin; });
}

// A disk in several zones is named by its region, which the zones' names begin with.
std::string untranslatable(const api::PersistentVolume& volume) {
  if (volume.disk.kind != "gcePersistentDisk") return "";
  const auto* label = volume.meta.label(beta_zone_label);
  if (label == nullptr || label->empty()) label = volume.meta.label(zone_label);
  const auto zones = label == nullptr ? std::vector<std::string_view>() : zone_parts(*label);
  if (zones.size() < 2) return "";
  std::set<std::string_view> regions;
  for (const auto zone : zones) {
    if (std::ranges::count(zone, '-') != 2) {
      return fmt::format(
          "failed to get region from zones: zone in unexpected format, expected: "
          "{{locale}}-{{region}}-{{zone}}, got: {}",
          zone);
    }
    regions.insert(zone.substr(0, zone.rfind('-')));
  }
  if (regions.size() == 1) return "";
  return fmt::format("failed to get region from zones: multiple or no regions gotten from zones, got: {}",
                     fmt::join(regions, " "));
}

bool uses_disks(const api::Pod& pod) {
  return std::ranges::any_of(*pod.volumes, &api::Volume::restricts);
}

}  // namespace actimanager::scheduler

// VolumeBinding: nodes on which the Pod's bound volumes can be used, and where those of its claims that wait
// for a consumer can be bound to a volume that is there, or get one made. Reserve says which.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "../labels.hpp"
#include "../volumes.hpp"
#include "hints.hpp"
#include "plugins.hpp"

namespace actimanager::scheduler {
namespace {

using api::PersistentVolume;
using api::PersistentVolumeClaim;

constexpr std::string_view no_provisioner = "kubernetes.io/no-provisioner";

struct Claims : CycleState::Data {
  const Storage* storage = nullptr;
  std::vector<const PersistentVolumeClaim*> bound;
  std::vector<const PersistentVolumeClaim*> waiting;  // for a consumer
};

bool fits(const PersistentVolume& volume, const PersistentVolumeClaim& claim) {
  return volume.capacity >= claim.requested.value_or(Quantity()) && volume.volume_mode == claim.volume_mode &&
         volume.volume_attributes_class == claim.volume_attributes_class && !volume.meta.deletion_timestamp;
}

bool offers_modes(const PersistentVolume& volume, const PersistentVolumeClaim& claim) {
  return std::ranges::all_of(claim.access_modes, [&](const auto& mode) {
    return std::ranges::find(volume.access_modes, mode) != volume.access_modes.end();
  });
}

// The volume reserved for the claim, or the smallest that is free; of equal ones the first by name.
const PersistentVolume* find_volume(const Storage& storage, const PersistentVolumeClaim& claim,
                                    const api::Node& node, const std::set<std::string>& taken) {
  const PersistentVolume* best = nullptr;
  for (const auto& [name, volume] : storage.volumes) {
    if (volume->storage_class != claim.storage_class || taken.contains(name) || !fits(*volume, claim))
      continue;
    if (volume->claim) {
      if (!volume->is_of(claim)) continue;
      return usable_on(*volume, node) ? volume.get() : nullptr;
    }
    if (volume->phase != "Available" ||
        (claim.selector.given && !claim.selector.matches(volume->meta.labels)) ||
        !offers_modes(*volume, claim) || !usable_on(*volume, node)) {
      continue;
    }
    const bool better = best == nullptr || volume->capacity < best->capacity ||
                        (volume->capacity == best->capacity && volume->meta.name < best->meta.name);
    if (better) best = volume.get();
  }
  return best;
}

bool allows(const api::StorageClass& storage_class, const api::Node& node) {
  const auto matches = [&](const api::StorageClass::TopologyTerm& term) {
    return !term.match_label_expressions.empty() &&
           std::ranges::all_of(term.match_label_expressions, [&](const auto& expression) {
             const auto* value = node.meta.label(expression.key);
             return value != nullptr &&
                    std::ranges::find(expression.values, *value) != expression.values.end();
           });
  };
  return storage_class.allowed_topologies.empty() ||
         std::ranges::any_of(storage_class.allowed_topologies, matches);
}

bool has_room(const Storage& storage, const api::StorageClass& storage_class,
              const PersistentVolumeClaim& claim, const api::Node& node) {
  const auto* driver = storage.drivers.find(storage_class.provisioner);
  if (!claim.requested || driver == nullptr || !driver->storage_capacity) return true;
  return std::ranges::any_of(storage.capacities, [&](const auto& entry) {
    const auto& capacity = *entry.second;
    return capacity.storage_class == storage_class.meta.name && capacity.limit &&
           *capacity.limit >= *claim.requested && capacity.nodes.matches(node.meta.labels);
  });
}

struct Found {
  VolumePlan plan;
  bool bindable = true, room = true;
  std::string error;
};

void provision(const Storage& storage, const std::vector<const PersistentVolumeClaim*>& claims,
               const api::Node& node, Found& found) {
  found.bindable = true;
  for (const auto* claim : claims) {
    const auto* storage_class = storage.classes.find(claim->storage_class);
    if (storage_class == nullptr) {
      found.error = fmt::format("failed to find storage class \"{}\"", claim->storage_class);
      return;
    }
    if (storage_class->provisioner.empty() || storage_class->provisioner == no_provisioner ||
        !allows(*storage_class, node)) {
      found.bindable = false;
      return;
    }
    if (!has_room(storage, *storage_class, *claim, node)) {
      found.room = false;
      return;
    }
    found.plan.provision.push_back(claim->meta.key());
  }
}

Found find_volumes(const Claims& claims, const api::Node& node) {
  Found found;
  std::vector<const PersistentVolumeClaim*> to_match, to_provision;
  for (const auto* claim : claims.waiting) {
    const auto* selected = claim->meta.annotation(PersistentVolumeClaim::selected_node);
    if (selected == nullptr) {
      to_match.push_back(claim);
    } else if (*selected == node.meta.name) {
      to_provision.push_back(claim);
    } else {
      found.bindable = false;
      return found;
    }
  }
  std::ranges::sort(to_match, [](const auto* a, const auto* b) {
    return std::pair(a->requested.value_or(Quantity()), a->meta.key()) <
           std::pair(b->requested.value_or(Quantity()), b->meta.key());
  });
  std::set<std::string> taken;
  for (const auto* claim : to_match) {
    if (const auto* volume = find_volume(*claims.storage, *claim, node, taken)) {
      taken.insert(volume->meta.name);
      found.plan.bind.push_back({claim->meta.key(), volume->meta.name});
    } else {
      to_provision.push_back(claim);
    }
  }
  if (!to_provision.empty()) provision(*claims.storage, to_provision, node, found);
  return found;
}

class VolumeBinding final : public Plugin {
 public:
  std::string_view name() const override { return "VolumeBinding"; }
  Points points() const override { return Point::pre_filter | Point::filter | Point::reserve; }

  PreFilterResult pre_filter(CycleState& state, const api::Pod& pod,
                             const Snapshot& snapshot) const override {
    auto claims = std::make_unique<Claims>();
    const auto& storage = snapshot.objects().storage();
    claims->storage = &storage;
    std::vector<const PersistentVolumeClaim*> all;
    for (const auto& volume : *pod.volumes) {
      const auto name = claim_name_of(pod, volume);
      if (name.empty()) continue;
      const auto* claim = find_claim(storage, pod, name);
      if (auto why = unusable(pod, name, volume.ephemeral, claim); !why.empty()) {
        return {unresolvable(std::move(why)), {}};
      }
      all.push_back(claim);
    }
    if (all.empty()) return {skip(), {}};
    bool immediate = false;
    for (const auto* claim : all) {
      if (claim->bound()) {
        claims->bound.push_back(claim);
        continue;
      }
      const auto* storage_class = storage.classes.find(claim->storage_class);
      if (storage_class != nullptr && storage_class->waits_for_consumer && claim->volume_name.empty()) {
        claims->waiting.push_back(claim);
      } else {
        immediate = true;
      }
    }
    if (immediate) return {unresolvable("pod has unbound immediate PersistentVolumeClaims"), {}};
    state.write(this, std::move(claims));
    return {};
  }

  Status filter(const CycleState& state, const api::Pod&, const NodeInfo& info) const override {
    const auto& claims = *state.read<Claims>(this);
    const auto& node = *info.node;
    const auto* csi_node = claims.storage->nodes.find(node.meta.name);
    bool usable = true, there = true;
    for (const auto* claim : claims.bound) {
      const auto* volume = claims.storage->volumes.find(claim->volume_name);
      there = volume != nullptr;
      if (there && translated_on(*volume, csi_node)) {
        if (auto why = untranslatable(*volume); !why.empty()) {
          return {Code::error, {"could not translate pv: " + why}, {}};
        }
      }
      usable = there && usable_on(*volume, node, csi_node);
      if (!usable) break;
    }
    const auto found = find_volumes(claims, node);
    if (!found.error.empty()) return {Code::error, {found.error}, {}};
    Status status;
    const auto refuse = [&](const char* reason) {
      status.code = Code::unschedulable_and_unresolvable;
      status.reasons.emplace_back(reason);
    };
    if (there && !usable) refuse("node(s) didn't match PersistentVolume's node affinity");
    if (!found.bindable) refuse("node(s) didn't find available persistent volumes to bind");
    if (!found.room) refuse("node(s) did not have enough free storage");
    if (!there) refuse("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)");
    return status;
  }

  Status reserve(CycleState& state, const api::Pod&, const NodeInfo& info) const override {
    // Not written where the Pod has no claims.
    if (const auto* claims = state.read<Claims>(this)) state.volumes = find_volumes(*claims, *info.node).plan;
    return {};
  }

  std::vector<Interest> interests() const override { return volume_binding_interests(); }
  bool sign(const api::Pod& pod, const Snapshot&, std::string&) const override { return !uses_disks(pod); }

 private:
  // Why the Pod cannot have this claim; "": it can.
  static std::string unusable(const api::Pod& pod, const std::string& name, bool ephemeral,
                              const PersistentVolumeClaim* claim) {
    if (claim == nullptr) {
      return ephemeral
                 ? fmt::format(
                       "waiting for ephemeral volume controller to create the persistentvolumeclaim \"{}\"",
                       name)
                 : not_found("persistentvolumeclaim", name);
    }
    if (claim->phase == "Lost") {
      return fmt::format("persistentvolumeclaim \"{}\" bound to non-existent persistentvolume \"{}\"", name,
                         claim->volume_name);
    }
    if (claim->meta.deletion_timestamp)
      return fmt::format("persistentvolumeclaim \"{}\" is being deleted", name);
    return ephemeral ? not_made_for(pod, *claim) : std::string();
  }
};

}  // namespace

std::unique_ptr<Plugin> make_volume_binding(api::JsonCursor args) {
  args["bindTimeoutSeconds"].integer_between(0, 1'000'000, 600);
  return std::make_unique<VolumeBinding>();
}

}  // namespace actimanager::scheduler

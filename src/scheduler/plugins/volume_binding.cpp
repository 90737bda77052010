// VolumeBinding: nodes on which the Pod's bound volumes can be used, and where those of its claims that wait
// for a consumer can be bound to a volume that is there, or get one made. Reserve says which.
#include <algorithm>
#include <optional>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "../volumes.hpp"
#include "by_node_label.hpp"
#include "hints.hpp"
#include "plugins.hpp"

namespace actimanager::scheduler {
namespace {

using api::PersistentVolume;
using api::PersistentVolumeClaim;

constexpr std::string_view no_provisioner = "kubernetes.io/no-provisioner";

// A claim that waits for a consumer, and what there is for it, on whichever node.
struct Waiting {
  const PersistentVolumeClaim* claim;
  const api::StorageClass* storage_class;
  // What is requested, and its key: the least demanding chooses first.
  std::pair<Quantity, std::string> order;
  const PersistentVolume* reserved = nullptr;  // for the claim
  ByNodeLabel<const PersistentVolume*> free;
  // Where its driver says how much it can provision; nullopt: as much as is asked for.
  std::optional<ByNodeLabel<const api::CSIStorageCapacity*>> room;
};

struct Claims : CycleState::Data {
  const Storage* storage = nullptr;
  std::vector<const PersistentVolumeClaim*> bound;
  std::vector<Waiting> waiting;
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

void look_up_volumes(const Storage& storage, Waiting& waiting) {
  const auto& claim = *waiting.claim;
  for (const auto* volume : storage.volumes.group(volumes_reserved_for(claim))) {
    if (volume->storage_class != claim.storage_class || !fits(*volume, claim) || !volume->is_of(claim))
      continue;
    // There should be one.
    if (waiting.reserved == nullptr || volume->meta.name < waiting.reserved->meta.name)
      waiting.reserved = volume;
  }
  for (const auto* volume : storage.volumes.group(volumes_free_in(claim.storage_class))) {
    if (!fits(*volume, claim) || volume->phase != "Available" ||
        (claim.selector.given && !claim.selector.matches(volume->meta.labels)) ||
        !offers_modes(*volume, claim)) {
      continue;
    }
    const auto& affinity = volume->node_affinity;
    if (affinity && affinity->size() == 1) {
      waiting.free.add(volume, affinity->front().match_expressions);
    } else {
      waiting.free.add(volume);
    }
  }
}

void look_up_room(const Storage& storage, Waiting& waiting) {
  const auto* driver = storage.drivers.find(waiting.storage_class->provisioner);
  if (!waiting.claim->requested || driver == nullptr || !driver->storage_capacity) return;
  auto& room = waiting.room.emplace();
  for (const auto* capacity : storage.capacities.group(waiting.storage_class->meta.name)) {
    if (capacity->limit && *capacity->limit >= *waiting.claim->requested)
      room.add(capacity, capacity->nodes.requirements);
  }
}

// The volume reserved for the claim, or the smallest that is free; of equal ones the first by name.
const PersistentVolume* find_volume(const Waiting& waiting, const api::Node& node,
                                    const std::set<const PersistentVolume*>& taken) {
  if (waiting.reserved != nullptr && !taken.contains(waiting.reserved))
    return usable_on(*waiting.reserved, node) ? waiting.reserved : nullptr;
  const PersistentVolume* best = nullptr;
  waiting.free.each(node, [&](const PersistentVolume* volume) {
    const bool better = best == nullptr || std::tie(volume->capacity, volume->meta.name) <
                                               std::tie(best->capacity, best->meta.name);
    if (better && !taken.contains(volume) && usable_on(*volume, node)) best = volume;
  });
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

bool has_room(const Waiting& waiting, const api::Node& node) {
  return !waiting.room || waiting.room->any(node, [&](const api::CSIStorageCapacity* capacity) {
    return capacity->nodes.matches(node.meta.labels);
  });
}

struct Found {
  VolumePlan plan;
  bool bindable = true, room = true;
};

void provision(const std::vector<const Waiting*>& claims, const api::Node& node, Found& found) {
  for (const auto* waiting : claims) {
    const auto& storage_class = *waiting->storage_class;
    if (storage_class.provisioner.empty() || storage_class.provisioner == no_provisioner ||
        !allows(storage_class, node)) {
      found.bindable = false;
      return;
    }
    if (!has_room(*waiting, node)) {
      found.room = false;
      return;
    }
    found.plan.provision.push_back(waiting->order.second);
  }
}

Found find_volumes(const Claims& claims, const api::Node& node) {
  Found found;
  std::vector<const Waiting*> to_match, to_provision;
  for (const auto& waiting : claims.waiting) {
    const auto* selected = waiting.claim->meta.annotation(PersistentVolumeClaim::selected_node);
    if (selected == nullptr) {
      to_match.push_back(&waiting);
    } else if (*selected == node.meta.name) {
      to_provision.push_back(&waiting);
    } else {
      found.bindable = false;
      return found;
    }
  }
  std::ranges::sort(to_match, {}, [](const Waiting* waiting) -> const auto& { return waiting->order; });
  std::set<const PersistentVolume*> taken;
  for (const auto* waiting : to_match) {
    if (const auto* volume = find_volume(*waiting, node, taken)) {
      taken.insert(volume);
      found.plan.bind.push_back({waiting->order.second, volume->meta.name});
    } else {
      to_provision.push_back(waiting);
    }
  }
  provision(to_provision, node, found);
  return found;
}

class VolumeBinding final : public Plugin {
 public:
  explicit VolumeBinding(std::chrono::seconds timeout) : timeout_(timeout) {}

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
        claims->waiting.push_back({.claim = claim,
                                   .storage_class = storage_class,
                                   .order = {claim->requested.value_or(Quantity()), claim->meta.key()},
                                   .free = {},
                                   .room = {}});
      } else {
        immediate = true;
      }
    }
    if (immediate) return {unresolvable("pod has unbound immediate PersistentVolumeClaims"), {}};
    for (auto& waiting : claims->waiting) {
      look_up_volumes(storage, waiting);
      look_up_room(storage, waiting);
    }
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
    if (const auto* claims = state.read<Claims>(this)) {
      state.volumes = find_volumes(*claims, *info.node).plan;
      state.volumes.timeout = timeout_;
    }
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

  std::chrono::seconds timeout_;
};

}  // namespace

std::unique_ptr<Plugin> make_volume_binding(api::JsonCursor args) {
  const auto timeout = args["bindTimeoutSeconds"].integer_between(0, 1'000'000, 600);
  return std::make_unique<VolumeBinding>(std::chrono::seconds(timeout));
}

}  // namespace actimanager::scheduler

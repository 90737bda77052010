// VolumeZone: nodes of the zones and regions that the Pod's bound volumes say they are in, by their labels.
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

#include "../labels.hpp"
#include "../volumes.hpp"
#include "hints.hpp"
#include "plugins.hpp"

namespace actimanager::scheduler {
namespace {

struct TopologyLabel {
  std::string_view name;
  std::string_view newer;  // what nodes may call it today
};
constexpr std::array labels = {
    TopologyLabel{beta_zone_label, zone_label}, TopologyLabel{beta_region_label, region_label},
    TopologyLabel{zone_label, zone_label}, TopologyLabel{region_label, region_label}};

// Of labels that are no list of zones ("a____b") nothing is made.
std::vector<std::string> zones_of(std::string_view text) {
  const auto parts = zone_parts(text);
  const bool has_gap = std::ranges::find(parts, std::string_view()) != parts.end();
  return has_gap ? std::vector<std::string>() : split_zones(text);
}

// Where the volume says it is, by label: the order in which it names zones says nothing.
std::map<std::string_view, std::set<std::string>> places_of(const api::PersistentVolume& volume) {
  std::map<std::string_view, std::set<std::string>> places;
  for (const auto& label : labels) {
    const auto* value = volume.meta.label(label.name);
    if (value == nullptr) continue;
    if (const auto zones = zones_of(*value); !zones.empty())
      places[label.name].insert(zones.begin(), zones.end());
  }
  return places;
}

struct Places : CycleState::Data {
  struct Place {
    TopologyLabel label;
    std::vector<std::string> values;
  };
  std::vector<Place> places;
};

class VolumeZone final : public Plugin {
 public:
  std::string_view name() const override { return "VolumeZone"; }
  Points points() const override { return Point::pre_filter | Point::filter; }

  PreFilterResult pre_filter(CycleState& state, const api::Pod& pod,
                             const Snapshot& snapshot) const override {
    auto places = std::make_unique<Places>();
    for (const auto& use : *pod.volumes) {
      if (use.claim_name.empty()) continue;
      if (auto status = add_places(pod, use.claim_name, snapshot.objects().storage(), *places);
          !status.ok()) {
        return {std::move(status), {}};
      }
    }
    if (places->places.empty()) return {skip(), {}};
    state.write(this, std::move(places));
    return {};
  }

  Status filter(const CycleState& state, const api::Pod&, const NodeInfo& info) const override {
    const auto& node = info.node->meta;
    // Where there are no zones, any will do.
    if (std::ranges::none_of(labels, [&](const auto& label) { return node.label(label.name) != nullptr; }))
      return {};
    for (const auto& [label, values] : state.read<Places>(this)->places) {
      const auto* value = node.label(label.name);
      if (value == nullptr) value = node.label(label.newer);
      if (value == nullptr || std::ranges::find(values, *value) == values.end())
        return unresolvable("node(s) had no available volume zone");
    }
    return {};
  }

  std::vector<Interest> interests() const override {
    const auto after_class = [](const api::Pod&, const Change<api::StorageClass>& change) {
      return queue_if(change.after->waits_for_consumer);
    };
    const auto after_claim = [](const api::Pod& waiting, const Change<api::PersistentVolumeClaim>& change) {
      return queue_if(names_claim(waiting, *change.after, false));
    };
    const auto after_volume = [](const api::Pod&, const Change<api::PersistentVolume>& change) {
      return queue_if(!change.before || places_of(*change.before) != places_of(*change.after));
    };
    return {on<api::StorageClass>(Action::add, after_class), on<api::Node>(Action::add | Action::node_labels),
            on_node_taints(), on<api::PersistentVolumeClaim>(Action::add | Action::update, after_claim),
            on<api::PersistentVolume>(Action::add | Action::update, after_volume)};
  }
  bool sign(const api::Pod& pod, const Snapshot&, std::string&) const override { return !uses_disks(pod); }

 private:
  static Status add_places(const api::Pod& pod, const std::string& claim_name, const Storage& storage,
                           Places& places) {
    const auto* claim = find_claim(storage, pod, claim_name);
    if (claim == nullptr) return unresolvable(not_found("persistentvolumeclaim", claim_name));
    if (claim->volume_name.empty()) {
      if (claim->storage_class.empty()) {
        return unresolvable("PersistentVolumeClaim had no pv name and storageClass name");
      }
      const auto* storage_class = storage.classes.find(claim->storage_class);
      if (storage_class == nullptr) {
        return unresolvable(not_found("storageclass.storage.k8s.io", claim->storage_class));
      }
      return storage_class->waits_for_consumer ? Status() : unresolvable("PersistentVolume had no name");
    }
    const auto* volume = storage.volumes.find(claim->volume_name);
    if (volume == nullptr) return unresolvable(not_found("persistentvolume", claim->volume_name));
    for (const auto& label : labels) {
      const auto* value = volume->meta.label(label.name);
      if (value == nullptr) continue;
      if (auto zones = zones_of(*value); !zones.empty()) places.places.push_back({label, std::move(zones)});
    }
    return {};
  }
};

}  // namespace

std::unique_ptr<Plugin> make_volume_zone(api::JsonCursor) {
  return std::make_unique<VolumeZone>();
}

}  // namespace actimanager::scheduler

// VolumeRestrictions: disks that only one Pod may write at a time, and claims that only one Pod may use at
// all (ReadWriteOncePod).
#include <algorithm>

#include "../volumes.hpp"
#include "hints.hpp"
#include "plugins.hpp"

namespace actimanager::scheduler {
namespace {

bool is_restricted(const api::DiskSource& disk) {
  return disk.kind == "gcePersistentDisk" || disk.kind == "awsElasticBlockStore" || disk.kind == "iscsi" ||
         disk.kind == "rbd";
}

bool conflict(const api::DiskSource& a, const api::DiskSource& b) {
  if (a.kind != b.kind || a.id != b.id) return false;
  if (a.kind == "awsElasticBlockStore") return true;
  if (a.read_only && b.read_only) return false;
  if (a.kind != "rbd") return true;
  return a.pool == b.pool && std::ranges::find_first_of(a.monitors, b.monitors) != a.monitors.end();
}

bool uses_claim(const api::Pod& pod, std::string_view name) {
  return std::ranges::any_of(*pod.volumes,
                             [&](const api::Volume& volume) { return volume.claim_name == name; });
}

struct InUse : CycleState::Data {
  std::vector<std::string> claims;  // of the Pod, that only one Pod may use
  std::int64_t by_others = 0;       // how often other Pods use them
};

class VolumeRestrictions final : public Plugin {
 public:
  std::string_view name() const override { return "VolumeRestrictions"; }
  Points points() const override { return Point::pre_filter | Point::filter; }

  PreFilterResult pre_filter(CycleState& state, const api::Pod& pod,
                             const Snapshot& snapshot) const override {
    auto in_use = std::make_unique<InUse>();
    bool restricted = false;
    for (const auto& volume : *pod.volumes) {
      restricted = restricted || is_restricted(volume.disk);
      if (volume.claim_name.empty()) continue;
      const auto* claim = find_claim(snapshot.objects().storage(), pod, volume.claim_name);
      if (claim == nullptr) return {unresolvable(not_found("persistentvolumeclaim", volume.claim_name)), {}};
      if (std::ranges::find(claim->access_modes, "ReadWriteOncePod") == claim->access_modes.end()) continue;
      if (std::ranges::find(in_use->claims, volume.claim_name) != in_use->claims.end()) continue;
      in_use->claims.push_back(volume.claim_name);
      if (is_used(pod.meta.namespace_, volume.claim_name, snapshot)) ++in_use->by_others;
    }
    if (!restricted && in_use->by_others == 0) return {skip(), {}};
    state.write(this, std::move(in_use));
    return {};
  }

  // As in kube-scheduler claims are told apart by name alone here.
  void count_pod(CycleState& state, const api::Pod&, const api::Pod& other, const NodeInfo&,
                 int change) const override {
    auto in_use = std::make_unique<InUse>(*state.read<InUse>(this));
    for (const auto& volume : *other.volumes) {
      if (std::ranges::find(in_use->claims, volume.claim_name) != in_use->claims.end())
        in_use->by_others += change;
    }
    state.write(this, std::move(in_use));
  }

  Status filter(const CycleState& state, const api::Pod& pod, const NodeInfo& node) const override {
    for (const auto& volume : *pod.volumes) {
      if (!is_restricted(volume.disk)) continue;
      for (const auto& other : node.pods) {
        for (const auto& there : *other->volumes) {
          if (conflict(volume.disk, there.disk)) return unschedulable("node(s) had no available disk");
        }
      }
    }
    if (state.read<InUse>(this)->by_others > 0) {
      return unschedulable(
          "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use "
          "by another pod");
    }
    return {};
  }

  std::vector<Interest> interests() const override {
    const auto after_pod = [](const api::Pod& waiting, const Change<api::Pod>& change) {
      const auto& gone = *change.before;
      if (gone.meta.namespace_ != waiting.meta.namespace_) return Hint::skip;
      return queue_if(std::ranges::any_of(*waiting.volumes, [&](const api::Volume& volume) {
        const auto conflicts = [&](const api::Volume& there) { return conflict(volume.disk, there.disk); };
        return (is_restricted(volume.disk) && std::ranges::any_of(*gone.volumes, conflicts)) ||
               (!volume.claim_name.empty() && uses_claim(gone, volume.claim_name));
      }));
    };
    const auto after_claim = [](const api::Pod& waiting, const Change<api::PersistentVolumeClaim>& change) {
      return queue_if(names_claim(waiting, *change.after, false));
    };
    return {on<api::Pod>(Action::remove, after_pod), on<api::Node>(Action::add), on_node_taints(),
            on<api::PersistentVolumeClaim>(Action::add, after_claim)};
  }
  bool sign(const api::Pod& pod, const Snapshot&, std::string&) const override { return !uses_disks(pod); }

 private:
  static bool is_used(const std::string& pod_namespace, const std::string& claim, const Snapshot& snapshot) {
    return std::ranges::any_of(snapshot.slots(), [&](const auto& info) {
      return info != nullptr && std::ranges::any_of(info->pods, [&](const PodPointer& other) {
               return other->meta.namespace_ == pod_namespace && uses_claim(*other, claim);
             });
    });
  }
};

}  // namespace

std::unique_ptr<Plugin> make_volume_restrictions(api::JsonCursor) {
  return std::make_unique<VolumeRestrictions>();
}

}  // namespace actimanager::scheduler

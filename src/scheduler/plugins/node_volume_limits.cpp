// NodeVolumeLimits: no more volumes of a CSI driver on a node than the driver can attach there. In-tree disks
// count for the driver that has replaced their plugin.
#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "../volumes.hpp"
#include "hints.hpp"
#include "plugins.hpp"

namespace actimanager::scheduler {
namespace {

using Attached = std::map<std::string, std::string>;  // driver/handle → driver

bool counted_inline(const api::DiskSource& disk) {
  return !migration_of(disk).plugin.empty();
}

bool may_count(const api::Volume& volume) {
  return !volume.claim_name.empty() || volume.ephemeral || counted_inline(volume.disk);
}

// The disk alone, however it was written: "aws://zone/vol-1" is "vol-1".
std::string handle_of(const api::DiskSource& disk) {
  return disk.kind == "awsElasticBlockStore" ? disk.id.substr(disk.id.rfind('/') + 1) : disk.id;
}

struct OnNode {
  const Storage& storage;
  const api::CSINode* node;

  bool counts(const Migration& migration) const {
    using enum Migration::Counted;
    if (node == nullptr || migration.counted == never) return false;
    return migration.counted == always || node->migrated(migration.plugin);
  }

  void add(const api::DiskSource& disk, Attached& attached) const {
    if (disk.kind == "csi") {
      if (!disk.driver.empty() && !disk.id.empty()) attached[disk.driver + "/" + disk.id] = disk.driver;
      return;
    }
    const auto migration = migration_of(disk);
    if (migration.driver.empty() || !counts(migration)) return;
    attached[fmt::format("{}/{}", migration.driver, handle_of(disk))] = migration.driver;
  }

  // A claim without a volume yet counts for the driver that will make one.
  void add_unbound(const api::PersistentVolumeClaim& claim, Attached& attached) const {
    const auto* storage_class = storage.classes.find(claim.storage_class);
    if (storage_class == nullptr) return;
    std::string_view driver = storage_class->provisioner;
    if (const auto migration = migration_of_plugin(driver); !migration.driver.empty()) {
      if (!counts(migration)) return;
      driver = migration.driver;
    }
    attached[fmt::format("{}/unbound {}", driver, claim.meta.key())] = driver;
  }

  void add(const api::PersistentVolumeClaim& claim, Attached& attached) const {
    const auto* volume = storage.volumes.find(claim.volume_name);
    if (volume == nullptr) {
      add_unbound(claim, attached);
    } else if (untranslatable(*volume).empty()) {
      add(volume->disk, attached);
    }
  }

  // Of a Pod that is to be placed: its claims must be there. Of others, what is not there does not count.
  Status add(const api::Pod& pod, bool is_new, Attached& attached) const {
    for (const auto& volume : *pod.volumes) {
      const auto name = claim_name_of(pod, volume);
      if (name.empty()) {
        if (counted_inline(volume.disk)) add(volume.disk, attached);
        continue;
      }
      const auto* claim = find_claim(storage, pod, name);
      if (claim == nullptr) {
        if (!is_new) continue;
        return unresolvable(fmt::format("looking up PVC {}/{}: {}", pod.meta.namespace_, name,
                                        not_found("persistentvolumeclaim", name)));
      }
      if (volume.ephemeral) {
        if (auto why = not_made_for(pod, *claim); !why.empty()) return {Code::error, {std::move(why)}, {}};
      }
      add(*claim, attached);
    }
    return {};
  }

  template <class Attachments>
  void add(const Attachments& attachments, Attached& attached) const {
    for (const auto* attachment : attachments) {
      const auto* volume = storage.volumes.find(attachment->volume_name);
      if (volume == nullptr || volume->disk.kind != "csi") continue;
      attached.emplace(attachment->attacher + "/" + volume->disk.id, attachment->attacher);
    }
  }
};

// A driver that is new, or says how many it can attach, counts as one that could attach none.
Hint after_csi_node(const api::Pod&, const Change<api::CSINode>& change) {
  const auto limit_of = [](const api::CSINode& node, const std::string& name) {
    std::int64_t limit = 0;
    for (const auto& driver : node.drivers) {
      if (driver.name == name) limit = driver.limit.value_or(0);
    }
    return limit;
  };
  return queue_if(std::ranges::any_of(change.after->drivers, [&](const api::CSINode::Driver& driver) {
    return driver.limit.value_or(0) > limit_of(*change.before, driver.name);
  }));
}

Hint after_pod(const api::Pod&, const Change<api::Pod>& change) {
  return queue_if(left_a_node(*change.before) && std::ranges::any_of(*change.before->volumes, may_count));
}

Hint after_claim(const api::Pod& waiting, const Change<api::PersistentVolumeClaim>& change) {
  return queue_if(names_claim(waiting, *change.after, true));
}

// Which driver a claim's volume is of is not looked up.
Hint after_attachment(const api::Pod& waiting, const Change<api::VolumeAttachment>& change) {
  return queue_if(std::ranges::any_of(*waiting.volumes, [&](const api::Volume& volume) {
    return !volume.claim_name.empty() ||
           (counted_inline(volume.disk) && migration_of(volume.disk).driver == change.before->attacher);
  }));
}

struct AtHand : CycleState::Data {
  explicit AtHand(const Storage& storage) : storage(storage) {}
  const Storage& storage;
};

// Whether there is room for `more` whichever drivers all that is there is of: then nothing need be looked up.
bool far_below_limits(const api::CSINode& node, const NodeInfo& info, std::size_t more) {
  std::optional<std::int64_t> least;
  for (const auto& driver : node.drivers)
    if (driver.limit) least = std::min(*driver.limit, least.value_or(*driver.limit));
  if (!least) return true;
  for (const auto& pod : info.pods) {
    for (const auto& volume : *pod->volumes) {
      if (volume.ephemeral) return false;  // which may not have been made for it
      if (may_count(volume)) ++more;
    }
  }
  return static_cast<std::int64_t>(more) <= *least;
}

class NodeVolumeLimits final : public Plugin {
 public:
  std::string_view name() const override { return "NodeVolumeLimits"; }
  Points points() const override { return Point::pre_filter | Point::filter; }

  PreFilterResult pre_filter(CycleState& state, const api::Pod& pod,
                             const Snapshot& snapshot) const override {
    if (std::ranges::none_of(*pod.volumes, may_count)) return {skip(), {}};
    state.write(this, std::make_unique<AtHand>(snapshot.objects().storage()));
    return {};
  }

  Status filter(const CycleState& state, const api::Pod& pod, const NodeInfo& info) const override {
    const auto& storage = state.read<AtHand>(this)->storage;
    const OnNode on_node{storage, storage.nodes.find(info.name())};
    Attached wanted;
    if (auto status = on_node.add(pod, true, wanted); !status.ok()) return status;
    if (wanted.empty() || on_node.node == nullptr) return {};
    const auto& drivers = on_node.node->drivers;
    const auto& attachments = storage.attachments.group(info.name());
    if (far_below_limits(*on_node.node, info, attachments.size() + wanted.size())) return {};

    Attached attached;
    for (const auto& other : info.pods) {
      if (auto status = on_node.add(*other, false, attached); !status.ok()) return status;
    }
    for (const auto& [disk, driver] : attached) wanted.erase(disk);
    on_node.add(attachments, attached);
    for (const auto& driver : drivers) {
      const auto of_driver = [&](const auto& entry) { return entry.second == driver.name; };
      const auto more = std::ranges::count_if(wanted, of_driver);
      if (driver.limit && more > 0 && std::ranges::count_if(attached, of_driver) + more > *driver.limit) {
        return unschedulable("node(s) exceed max volume count");
      }
    }
    return {};
  }

  std::vector<Interest> interests() const override {
    return {on<api::CSINode>(Action::add), on<api::CSINode>(Action::update, after_csi_node),
            on<api::Pod>(Action::remove, after_pod), on<api::PersistentVolumeClaim>(Action::add, after_claim),
            on<api::VolumeAttachment>(Action::remove, after_attachment)};
  }
  bool sign(const api::Pod& pod, const Snapshot&, std::string&) const override { return !uses_disks(pod); }
};

}  // namespace

std::unique_ptr<Plugin> make_node_volume_limits(api::JsonCursor) {
  return std::make_unique<NodeVolumeLimits>();
}

}  // namespace actimanager::scheduler

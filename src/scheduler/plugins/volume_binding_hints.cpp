// VolumeBinding: what may give a Pod its volumes: its claims, any volume or node, and what tells where
// volumes can be made.
#include <algorithm>

#include "hints.hpp"

namespace actimanager::scheduler {
namespace {

Hint after_class(const api::Pod&, const Change<api::StorageClass>& change) {
  return queue_if(!change.before || change.before->allowed_topologies != change.after->allowed_topologies);
}

Hint after_csi_node(const api::Pod&, const Change<api::CSINode>& change) {
  if (!change.before) return Hint::queue;
  constexpr std::string_view migrated = "storage.alpha.kubernetes.io/migrated-plugins";
  const auto plugins = [&](const api::CSINode& node) {
    const auto* annotation = node.meta.annotation(migrated);
    return annotation == nullptr ? std::string() : *annotation;
  };
  return queue_if(plugins(*change.before) != plugins(*change.after));
}

// Inline volumes of the driver, which no longer asks for capacity to be published.
Hint after_driver(const api::Pod& waiting, const Change<api::CSIDriver>& change) {
  const bool eased = change.before->storage_capacity && !change.after->storage_capacity;
  return queue_if(eased && std::ranges::any_of(*waiting.volumes, [&](const api::Volume& volume) {
                    return volume.disk.kind == "csi" && volume.disk.driver == change.after->meta.name;
                  }));
}

Hint after_capacity(const api::Pod&, const Change<api::CSIStorageCapacity>& change) {
  if (!change.before) return Hint::queue;
  const auto& was = change.before->limit;
  const auto& is = change.after->limit;
  return queue_if(is && (!was || is->value() > was->value()));
}

}  // namespace

std::vector<Interest> volume_binding_interests() {
  const auto after_claim = [](const api::Pod& waiting, const Change<api::PersistentVolumeClaim>& change) {
    return queue_if(names_claim(waiting, *change.after, true));
  };
  return {on<api::StorageClass>(Action::add | Action::update, after_class),
          on<api::PersistentVolumeClaim>(Action::add | Action::update, after_claim),
          on<api::PersistentVolume>(Action::add | Action::update),
          on<api::Node>(Action::add | Action::node_labels),
          on_node_taints(),
          on<api::CSINode>(Action::add | Action::update, after_csi_node),
          on<api::CSIDriver>(Action::update, after_driver),
          on<api::CSIStorageCapacity>(Action::add | Action::update, after_capacity)};
}

}  // namespace actimanager::scheduler

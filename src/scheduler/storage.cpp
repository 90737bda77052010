#include <actimanager/scheduler/storage.hpp>

namespace actimanager::scheduler {

std::string volumes_reserved_for(const api::PersistentVolumeClaim& claim) {
  return "claim " + claim.meta.key();
}

std::string volumes_free_in(std::string_view storage_class) {
  return "class " + std::string(storage_class);
}

std::string group_of_volume(const api::PersistentVolume& volume) {
  return volume.claim ? "claim " + volume.claim->namespace_ + "/" + volume.claim->name
                      : volumes_free_in(volume.storage_class);
}

std::string group_of_capacity(const api::CSIStorageCapacity& capacity) {
  return capacity.storage_class;
}

std::string group_of_attachment(const api::VolumeAttachment& attachment) {
  return attachment.attacher.empty() ? std::string() : attachment.node_name;
}

void assume(Storage& storage, const VolumePlan& plan, std::string_view node) {
  for (const auto& [claim_key, volume_name] : plan.bind) {
    const auto* claim = storage.claims.find(claim_key);
    const auto* volume = storage.volumes.find(volume_name);
    if (claim == nullptr || volume == nullptr) continue;
    auto taken = std::make_shared<api::PersistentVolume>(*volume);
    taken->claim = {claim->meta.namespace_, claim->meta.name, claim->meta.uid};
    storage.volumes.set(std::move(taken));
  }
  for (const auto& claim_key : plan.provision) {
    const auto* claim = storage.claims.find(claim_key);
    if (claim == nullptr) continue;
    auto meant = std::make_shared<api::PersistentVolumeClaim>(*claim);
    meant->meta.annotations->insert_or_assign(std::string(api::PersistentVolumeClaim::selected_node),
                                              std::string(node));
    storage.claims.set(std::move(meant));
  }
}

}  // namespace actimanager::scheduler

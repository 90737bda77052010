#include "hints.hpp"

#include <algorithm>

#include "../volumes.hpp"

namespace actimanager::scheduler {

bool is_itself(const api::Pod& waiting, const Change<api::Pod>& change) {
  return change.either().meta.uid == waiting.meta.uid;
}

bool left_a_node(const api::Pod& gone) {
  return !gone.node_name.empty() || !gone.nominated_node_name.empty();
}

bool names_claim(const api::Pod& waiting, const api::PersistentVolumeClaim& claim, bool ephemeral) {
  return waiting.meta.namespace_ == claim.meta.namespace_ &&
         std::ranges::any_of(*waiting.volumes, [&](const api::Volume& volume) {
           return (ephemeral || !volume.ephemeral) && claim_name_of(waiting, volume) == claim.meta.name;
         });
}

}  // namespace actimanager::scheduler

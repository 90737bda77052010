#include <actimanager/scheduler/kept_cpus.hpp>

namespace actimanager::scheduler {

bool count_kept_cpus(NodeInfo& node, const api::Pod& pod) {
  bool any = false;
  for (const auto& nominated : node.nominated) {
    const bool kept = nominated.placement && nominated.pod->priority >= pod.priority &&
                      nominated.pod->meta.uid != pod.meta.uid;
    if (!kept) continue;
    node.cpus.add({nominated.placement->cpus, nominated.placement->level});
    any = true;
  }
  return any;
}

}  // namespace actimanager::scheduler

#include <actimanager/scheduler/feed.hpp>

namespace actimanager::scheduler {
namespace {

// A Pod that has finished is to the scheduler as if it were deleted.
bool is_there(const PodPointer& pod) {
  return pod != nullptr && !pod->finished();
}

}  // namespace

void Feed::tell(std::vector<ClusterEvent> events, TimePoint now) {
  for (auto& event : events) queue_.move(std::move(event), now);
}

void Feed::changed(const Change<api::Node>& change, TimePoint now) {
  if (change.after) {
    cache_.upsert(change.after);
  } else {
    cache_.remove_node(change.before->meta.name);
  }
  tell(events_of(change), now);
}

void Feed::changed(const Change<api::NodeCPUTopology>& change, TimePoint now) {
  const auto& [before, after] = change;
  if (before && (!after || after->node_name != before->node_name)) cache_.remove_topology(before->node_name);
  if (after) cache_.upsert(*after);
  tell(events_of(change), now);
}

void Feed::changed(const Change<api::PodCPUBinding>& change, TimePoint now) {
  if (change.after) {
    cache_.upsert(*change.after);
  } else if (!cache_.remove_binding(change.before->meta.key())) {
    return;
  }
  tell(events_of(change), now);
}

void Feed::changed(const Change<api::Namespace>& change, TimePoint now) {
  if (change.after) {
    cache_.upsert(*change.after);
  } else {
    cache_.remove_namespace(change.before->meta.name);
  }
  tell(events_of(change), now);
}

template <class Known>
void Feed::keep(Known& known, const Change<typename Known::Object>& change, TimePoint now) {
  if (change.after) {
    known.set(change.after);
  } else {
    known.remove(change.before->meta.key());
  }
  tell(events_of(change), now);
}

void Feed::changed(const Change<api::PersistentVolumeClaim>& change, TimePoint now) {
  keep(cache_.objects().storage().claims, change, now);
}
void Feed::changed(const Change<api::PersistentVolume>& change, TimePoint now) {
  keep(cache_.objects().storage().volumes, change, now);
}
void Feed::changed(const Change<api::StorageClass>& change, TimePoint now) {
  keep(cache_.objects().storage().classes, change, now);
}
void Feed::changed(const Change<api::CSINode>& change, TimePoint now) {
  keep(cache_.objects().storage().nodes, change, now);
}
void Feed::changed(const Change<api::CSIDriver>& change, TimePoint now) {
  keep(cache_.objects().storage().drivers, change, now);
}
void Feed::changed(const Change<api::CSIStorageCapacity>& change, TimePoint now) {
  keep(cache_.objects().storage().capacities, change, now);
}
void Feed::changed(const Change<api::VolumeAttachment>& change, TimePoint now) {
  keep(cache_.objects().storage().attachments, change, now);
}

bool Feed::waits(const api::Pod& pod) const {
  return pod.node_name.empty() && !pod.finished() && scheduler_.handles(pod.spec->scheduler_name);
}

void Feed::changed(const Change<api::Pod>& change, TimePoint now) {
  const auto& [before, after] = change;
  // A Pod of the same name may be another one.
  if (before && after && before->meta.uid != after->meta.uid) {
    changed({.before = before, .after = nullptr}, now);
    changed({.before = nullptr, .after = after}, now);
    return;
  }
  if (!is_there(after)) return gone(before, after, now);
  cache_.upsert(after);
  const bool was_there = is_there(before);
  if (after->node_name.empty()) return updated_without_node(was_there ? before : nullptr, after, now);
  queue_.remove(after->meta.uid);
  const bool was_on_node = was_there && !before->node_name.empty();
  tell(events_of(was_on_node ? change : Change<api::Pod>{.before = nullptr, .after = after}), now);
}

void Feed::gone(const PodPointer& before, const PodPointer& after, TimePoint now) {
  const auto& uid = (after ? after : before)->meta.uid;
  queue_.remove(uid);
  const auto assumed = cache_.forget(uid);
  if (after) {
    cache_.upsert(after);
  } else {
    cache_.remove_pod(uid);
  }
  if (!is_there(before)) return;
  if (assumed) return tell({{Action::remove, Change<api::Pod>{assumed, nullptr}}}, now);
  const Change<api::Pod> removal{before, nullptr};
  if (!before->node_name.empty()) {
    tell({{Action::remove, removal}}, now);
  } else if (!before->nominated_node_name.empty() && scheduler_.handles(before->spec->scheduler_name)) {
    tell({{Action::remove, removal, before->priority}}, now);
  }
}

void Feed::updated_without_node(const PodPointer& before, const PodPointer& after, TimePoint now) {
  if (!waits(*after)) return;
  follow_nomination(before, after);
  if (queue_.find(after->meta.uid) != nullptr) {
    queue_.update(after, now);
  } else if (!cache_.is_assumed(after->meta.uid)) {  // or it is bound, and this is older news
    queue_.add(after, now);
  }
  // It will not be bound any more.
  if (after->meta.deletion_timestamp) forget(after->meta.uid, now);
  // It counted as if it were on that node.
  const bool leaves = before && !before->nominated_node_name.empty() &&
                      before->nominated_node_name != after->nominated_node_name;
  if (leaves) tell({{Action::remove, Change<api::Pod>{before, nullptr}, before->priority}}, now);
}

void Feed::follow_nomination(const PodPointer& before, const PodPointer& after) {
  // Behind a gate nobody waits for a node.
  const auto node_of = [this](const PodPointer& pod) {
    return scheduler_.pre_enqueue(*pod).ok() ? pod->nominated_node_name : std::string();
  };
  const auto node = node_of(after);
  // Our own word is newer than a Pod that says nothing, as before.
  if (before && node_of(before) == node) return;
  if (cache_.nominated_node(after->meta.uid) == node) return;
  if (node.empty()) {
    if (before) cache_.withdraw_nomination(after->meta.uid);
    return;
  }
  nominate(after, node);
}

void Feed::renew_nomination(const PodPointer& pod) {
  if (const auto node = cache_.nominated_node(pod->meta.uid); !node.empty()) nominate(pod, node);
}

void Feed::nominate(const PodPointer& pod, const std::string& node) {
  cache_.update(snapshot_);
  cache_.nominate(pod, node, scheduler_.place_nominated(*pod, snapshot_, node));
}

void Feed::forget(std::string_view uid, TimePoint now) {
  const auto pod = cache_.forget(uid);
  if (pod)
    tell({{.action = Action::remove, .change = Change<api::Pod>{pod, nullptr}, .others_alone = true}}, now);
}

void Feed::forget_edit(const std::shared_ptr<const api::PodCPUBinding>& binding, TimePoint now) {
  if (cache_.forget_edit(binding->meta.key())) {
    tell({{Action::update, Change<api::PodCPUBinding>{binding, binding}}}, now);
  }
}

}  // namespace actimanager::scheduler

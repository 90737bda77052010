#include <algorithm>
#include <cassert>

#include <actimanager/scheduler/queue.hpp>

namespace actimanager::scheduler {
namespace {

// Nothing that plugins look at has changed: as a rule its status alone has.
bool asks_for_the_same(const api::Pod& before, const api::Pod& after) {
  return before.meta.labels == after.meta.labels && before.meta.annotations == after.meta.annotations &&
         before.meta.owner_references == after.meta.owner_references && before.priority == after.priority &&
         before.spec == after.spec && before.node_affinity == after.node_affinity &&
         before.volumes == after.volumes && before.nominated_node_name == after.nominated_node_name &&
         before.container_statuses == after.container_statuses;
}

}  // namespace

SchedulingQueue::SchedulingQueue(QueueOptions options, PreEnqueue pre_enqueue, About about, Observe observe)
    : options_(options),
      pre_enqueue_(std::move(pre_enqueue)),
      about_(std::move(about)),
      observe_(std::move(observe)) {
  assert(options_.initial_backoff > std::chrono::milliseconds(0));
  assert(options_.initial_backoff <= options_.max_backoff);
}

// Of refusals, or of errors if the last attempt failed: a Pod that fits nowhere is not made to wait longer
// for an API server that was away, nor the other way round.
std::chrono::milliseconds SchedulingQueue::backoff(const QueuedPod& pod) const {
  const int attempts = pod.errors_in_row > 0 ? pod.errors_in_row : pod.refusals;
  auto wait = options_.initial_backoff;
  for (int i = 1; i < attempts && wait < options_.max_backoff; ++i) wait *= 2;
  return std::min(wait, options_.max_backoff);
}

void SchedulingQueue::enter(Entry& entry, Part part, TimePoint now) {
  entry.part = part;
  // A Pod that waits out its backoff keeps its place among those of its priority.
  if (part == Part::unschedulable) entry.queued.since = now;
  switch (part) {
    case Part::active:
      active_.emplace(key_of(entry), &entry);
      break;
    case Part::backoff:
      backoff_.emplace(TimeKey{entry.backoff_until, entry.sequence}, &entry);
      break;
    case Part::unschedulable:
      unschedulable_.emplace(TimeKey{now + options_.flush_after, entry.sequence}, &entry);
      join_alike(entry);
      break;
    case Part::in_flight:
      entry.popped_at = first_missed_ + missed_.size();
      popped_at_.insert(entry.popped_at);
      break;
    case Part::gated:
      break;
  }
}

void SchedulingQueue::leave(Entry& entry) {
  switch (entry.part) {
    case Part::active:
      active_.erase(key_of(entry));
      break;
    case Part::backoff:
      backoff_.erase({entry.backoff_until, entry.sequence});
      break;
    case Part::unschedulable:
      unschedulable_.erase({entry.queued.since + options_.flush_after, entry.sequence});
      leave_alike(entry);
      break;
    case Part::in_flight:
      popped_at_.erase(popped_at_.find(entry.popped_at));
      forget_missed();
      break;
    case Part::gated:
      break;
  }
}

SchedulingQueue::ActiveKey SchedulingQueue::key_of(const Entry& entry) {
  return {-std::int64_t{entry.queued.pod->priority}, entry.queued.since, entry.sequence};
}

// Where a Pod goes that has a reason to be tried again: PreEnqueue has the first word, its backoff the
// second.
void SchedulingQueue::requeue(Entry& entry, TimePoint now) {
  if (const auto status = pre_enqueue_(*entry.queued.pod); !status.ok()) {
    entry.queued.gated_by.clear();
    for (const auto& reason : status.reasons) {
      if (!entry.queued.gated_by.empty()) entry.queued.gated_by += ", ";
      entry.queued.gated_by += reason;
    }
    return enter(entry, Part::gated, now);
  }
  entry.queued.gated_by.clear();
  if (entry.backoff_until > now) return enter(entry, Part::backoff, now);
  enter(entry, Part::active, now);
}

void SchedulingQueue::add(std::shared_ptr<const api::Pod> pod, TimePoint now) {
  const auto [it, inserted] = entries_.try_emplace(pod->meta.uid);
  if (!inserted) return update(std::move(pod), now);
  Entry& entry = it->second;
  entry.sequence = next_sequence_++;
  entry.queued.pod = std::move(pod);
  entry.queued.added = entry.queued.since = now;
  requeue(entry, now);
}

void SchedulingQueue::update(std::shared_ptr<const api::Pod> pod, TimePoint now) {
  const auto it = entries_.find(pod->meta.uid);
  if (it == entries_.end()) return add(std::move(pod), now);
  Entry& entry = it->second;
  const Change<api::Pod> change{std::exchange(entry.queued.pod, pod), pod};
  switch (entry.part) {
    case Part::in_flight:
      for (auto& event : events_of(change)) {
        if (about_(event)) keep_for_popped(std::move(event));
      }
      return;
    case Part::active:  // its place depends on its priority
      active_.erase({-std::int64_t{change.before->priority}, entry.queued.since, entry.sequence});
      return requeue(entry, now);
    case Part::gated:
      entry.queued.since = now;
      return requeue(entry, now);
    case Part::backoff:
      return;
    case Part::unschedulable:
      for (const auto& event : events_of(change)) {
        if (!hopes(entry, event)) continue;
        leave(entry);
        return requeue(entry, now);
      }
      if (asks_for_the_same(*change.before, *change.after)) return;
      // It may hope for something else by now than those it was like.
      leave_alike(entry);
      entry.queued.kind.clear();
      join_alike(entry);
      return;
  }
}

void SchedulingQueue::remove(std::string_view uid) {
  const auto it = entries_.find(std::string(uid));
  if (it == entries_.end()) return;
  leave(it->second);
  entries_.erase(it);
}

std::optional<QueuedPod> SchedulingQueue::pop(TimePoint now) {
  tick(now);
  if (active_.empty()) return std::nullopt;
  Entry& entry = *active_.begin()->second;
  leave(entry);
  enter(entry, Part::in_flight, now);
  entry.queued.rejected_by.clear();
  ++entry.queued.attempts;
  return entry.queued;
}

void SchedulingQueue::done(std::string_view uid) {
  const auto it = entries_.find(std::string(uid));
  if (it == entries_.end() || it->second.part != Part::in_flight) return;
  leave(it->second);
  entries_.erase(it);
}

void SchedulingQueue::park(const QueuedPod& pod, std::vector<const Plugin*> rejected_by, TimePoint now,
                           std::string kind) {
  const auto it = entries_.find(pod.pod->meta.uid);
  if (it == entries_.end() || it->second.part != Part::in_flight) return;  // removed meanwhile
  Entry& entry = it->second;
  entry.queued.rejected_by = std::move(rejected_by);
  // Of the Pod as it was decided about, which it may not be any more.
  entry.queued.kind = asks_for_the_same(*pod.pod, *entry.queued.pod) ? std::move(kind) : std::string();
  entry.queued.since = now;
  ++entry.queued.refusals;
  entry.queued.errors_in_row = 0;
  entry.backoff_until = now + backoff(entry.queued);
  const bool again = missed_something(entry);
  leave(entry);
  if (again) return requeue(entry, now);
  enter(entry, Part::unschedulable, now);
}

void SchedulingQueue::retry(const QueuedPod& pod, TimePoint now) {
  const auto it = entries_.find(pod.pod->meta.uid);
  if (it == entries_.end() || it->second.part != Part::in_flight) return;
  Entry& entry = it->second;
  leave(entry);
  entry.queued.since = now;
  ++entry.queued.errors_in_row;
  entry.backoff_until = now + backoff(entry.queued);
  requeue(entry, now);
}

SchedulingQueue::Likes SchedulingQueue::likes_of(const Entry& entry) {
  const auto& kind = entry.queued.kind;
  return {entry.queued.rejected_by, kind.empty() ? entry.queued.pod->meta.uid : kind};
}

void SchedulingQueue::join_alike(Entry& entry) {
  alike_[likes_of(entry)].emplace(entry.sequence, &entry);
}

void SchedulingQueue::leave_alike(const Entry& entry) {
  const auto alike = alike_.find(likes_of(entry));
  alike->second.erase(entry.sequence);
  if (alike->second.empty()) alike_.erase(alike);
}

bool SchedulingQueue::hopes(const Entry& entry, const ClusterEvent& event) const {
  const auto hopeful = about_(event);
  if (!hopeful) return false;
  const auto plugin = hopeful(*entry.queued.pod, entry.queued.rejected_by);
  if (plugin && observe_) observe_(*entry.queued.pod, event, *plugin);
  return plugin.has_value();
}

bool SchedulingQueue::missed_something(const Entry& entry) const {
  if (entry.popped_at < first_missed_) return true;  // more than was kept
  for (auto i = entry.popped_at - first_missed_; i < missed_.size(); ++i) {
    if (hopes(entry, missed_[i])) return true;
  }
  return false;
}

void SchedulingQueue::keep_for_popped(ClusterEvent event) {
  if (popped_at_.empty()) return;
  missed_.push_back(std::move(event));
  if (missed_.size() <= max_missed) return;
  missed_.pop_front();
  ++first_missed_;
}

void SchedulingQueue::forget_missed() {
  const auto oldest = popped_at_.empty() ? first_missed_ + missed_.size() : *popped_at_.begin();
  for (; first_missed_ < oldest; ++first_missed_) missed_.pop_front();
}

void SchedulingQueue::move(ClusterEvent event, TimePoint now) {
  const auto hopeful = about_(event);
  if (!hopeful) return;
  std::vector<Entry*> woken;
  for (const auto& [likes, entries] : alike_) {
    const auto plugin = hopeful(*entries.begin()->second->queued.pod, likes.first);
    if (!plugin) continue;
    for (const auto& [sequence, entry] : entries) {
      woken.push_back(entry);
      if (observe_) observe_(*entry->queued.pod, event, *plugin);
    }
  }
  for (Entry* entry : woken) {
    leave(*entry);
    requeue(*entry, now);
  }
  keep_for_popped(std::move(event));
}

void SchedulingQueue::tick(TimePoint now) {
  while (!backoff_.empty() && backoff_.begin()->first.first <= now) {
    Entry& entry = *backoff_.begin()->second;
    leave(entry);
    requeue(entry, now);
  }
  while (!unschedulable_.empty() && unschedulable_.begin()->first.first <= now) {
    Entry& entry = *unschedulable_.begin()->second;
    leave(entry);
    requeue(entry, now);
  }
}

std::optional<TimePoint> SchedulingQueue::next_wakeup() const {
  std::optional<TimePoint> next;
  if (!backoff_.empty()) next = backoff_.begin()->first.first;
  if (!unschedulable_.empty()) {
    const auto flush = unschedulable_.begin()->first.first;
    next = next ? std::min(*next, flush) : flush;
  }
  return next;
}

QueueLengths SchedulingQueue::lengths() const {
  QueueLengths lengths{active_.size(), backoff_.size(), unschedulable_.size(), 0, popped_at_.size()};
  lengths.gated =
      entries_.size() - lengths.active - lengths.backoff - lengths.unschedulable - lengths.in_flight;
  return lengths;
}

const QueuedPod* SchedulingQueue::find(std::string_view uid) const {
  const auto it = entries_.find(std::string(uid));
  return it == entries_.end() ? nullptr : &it->second.queued;
}

}  // namespace actimanager::scheduler

#include <algorithm>
#include <cassert>

#include <actimanager/scheduler/queue.hpp>

namespace actimanager::scheduler {
namespace {

bool same_selector(const api::NodeSelectorRequirement& a, const api::NodeSelectorRequirement& b) {
  return a.key == b.key && a.op == b.op && a.values == b.values;
}

bool same_terms(const std::vector<api::NodeSelectorTerm>& a, const std::vector<api::NodeSelectorTerm>& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
    return std::ranges::equal(x.match_expressions, y.match_expressions, same_selector) &&
           std::ranges::equal(x.match_fields, y.match_fields, same_selector);
  });
}

bool same_required(const api::Pod& a, const api::Pod& b) {
  const auto& x = a.node_affinity.required;
  const auto& y = b.node_affinity.required;
  return x.has_value() == y.has_value() && (!x || same_terms(*x, *y));
}

bool same_tolerations(const api::Pod& a, const api::Pod& b) {
  return std::ranges::equal(a.tolerations, b.tolerations, [](const auto& x, const auto& y) {
    return x.key == y.key && x.op == y.op && x.value == y.value && x.effect == y.effect;
  });
}

// What may be edited on a Pod without a node, and may change where it fits.
bool may_fit_differently(const api::Pod& a, const api::Pod& b) {
  return a.meta.labels != b.meta.labels || a.meta.annotations != b.meta.annotations ||
         a.scheduling_gates != b.scheduling_gates || a.node_selector != b.node_selector ||
         a.priority != b.priority || !same_required(a, b) || !same_tolerations(a, b) ||
         pod_requests(a) != pod_requests(b);
}

}  // namespace

SchedulingQueue::SchedulingQueue(QueueOptions options, PreEnqueue pre_enqueue)
    : options_(options), pre_enqueue_(std::move(pre_enqueue)) {
  assert(options_.initial_backoff > std::chrono::milliseconds(0));
  assert(options_.initial_backoff <= options_.max_backoff);
}

std::chrono::milliseconds SchedulingQueue::backoff(int attempts) const {
  auto wait = options_.initial_backoff;
  for (int i = 1; i < attempts && wait < options_.max_backoff; ++i) wait *= 2;
  return attempts == 0 ? std::chrono::milliseconds(0) : std::min(wait, options_.max_backoff);
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
      break;
    case Part::in_flight:
      in_flight_.insert(&entry);
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
      break;
    case Part::in_flight:
      in_flight_.erase(&entry);
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
  const bool matters = may_fit_differently(*entry.queued.pod, *pod);
  switch (entry.part) {
    case Part::in_flight:
      entry.queued.pod = std::move(pod);
      if (matters) entry.missed |= Event::pod_updated;
      return;
    case Part::active:  // its place depends on its priority, and a gate may have been added
    case Part::gated:
      leave(entry);
      entry.queued.pod = std::move(pod);
      if (entry.part == Part::gated) entry.queued.since = now;
      return requeue(entry, now);
    case Part::backoff:
      entry.queued.pod = std::move(pod);
      return;
    case Part::unschedulable:
      entry.queued.pod = std::move(pod);
      if (!matters) return;
      leave(entry);
      entry.queued.since = now;
      return requeue(entry, now);
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
  entry.missed = {};
  ++entry.queued.attempts;
  return entry.queued;
}

void SchedulingQueue::done(std::string_view uid) {
  const auto it = entries_.find(std::string(uid));
  if (it == entries_.end() || it->second.part != Part::in_flight) return;
  leave(it->second);
  entries_.erase(it);
}

void SchedulingQueue::park(const QueuedPod& pod, Events wakes_on, TimePoint now) {
  const auto it = entries_.find(pod.pod->meta.uid);
  if (it == entries_.end() || it->second.part != Part::in_flight) return;  // removed meanwhile
  Entry& entry = it->second;
  leave(entry);
  entry.queued.wakes_on = wakes_on;
  entry.queued.since = now;
  entry.backoff_until = now + backoff(entry.queued.attempts);
  // What it waits for may have happened while it was being tried.
  if (entry.missed.intersects(wakes_on | Event::pod_updated)) return requeue(entry, now);
  enter(entry, Part::unschedulable, now);
}

void SchedulingQueue::retry(const QueuedPod& pod, TimePoint now) {
  const auto it = entries_.find(pod.pod->meta.uid);
  if (it == entries_.end() || it->second.part != Part::in_flight) return;
  Entry& entry = it->second;
  leave(entry);
  entry.queued.since = now;
  entry.backoff_until = now + backoff(entry.queued.attempts);
  requeue(entry, now);
}

void SchedulingQueue::move(Events events, TimePoint now) {
  if (events.empty()) return;
  std::vector<Entry*> woken;
  for (const auto& [key, entry] : unschedulable_) {
    if (entry->queued.wakes_on.intersects(events)) woken.push_back(entry);
  }
  for (Entry* entry : woken) {
    leave(*entry);
    requeue(*entry, now);
  }
  for (Entry* entry : in_flight_) entry->missed |= events;
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
  QueueLengths lengths{active_.size(), backoff_.size(), unschedulable_.size(), 0, in_flight_.size()};
  lengths.gated =
      entries_.size() - lengths.active - lengths.backoff - lengths.unschedulable - lengths.in_flight;
  return lengths;
}

const QueuedPod* SchedulingQueue::find(std::string_view uid) const {
  const auto it = entries_.find(std::string(uid));
  return it == entries_.end() ? nullptr : &it->second.queued;
}

}  // namespace actimanager::scheduler

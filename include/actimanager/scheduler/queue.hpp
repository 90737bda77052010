// SchedulingQueue: which Pod is tried next. A Pod that waits is in one of four parts:
//   active         to be tried now, by priority, then by the time it was added
//   backoff        was tried; will be active when its backoff is over
//   unschedulable  was refused; waits for an event that may help, or for flush_after
//   gated          PreEnqueue holds it back; waits for its own update
// A popped Pod is in none, until done(), park() or retry().
//
// Sans-I/O: `now` is an argument; next_wakeup() says when tick() has something to do. Deterministic.
// Follows kube-scheduler's scheduling queue of Kubernetes 1.35; nominated Pods are not tracked.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include <actimanager/scheduler/framework.hpp>

namespace actimanager::scheduler {

using TimePoint = std::chrono::steady_clock::time_point;

struct QueueOptions {
  std::chrono::milliseconds initial_backoff{1000};  // after the first attempt, doubled after each further one
  std::chrono::milliseconds max_backoff{10000};     // >= initial_backoff
  std::chrono::milliseconds flush_after{300000};    // unschedulable Pods are tried again after this
};

struct QueuedPod {
  std::shared_ptr<const api::Pod> pod;
  TimePoint added{};     // to the queue, for the first time
  TimePoint since{};     // in the part it is in: orders Pods of one priority
  int attempts = 0;      // so far, this one included once popped
  Events wakes_on;       // while unschedulable
  std::string gated_by;  // while gated: what PreEnqueue said
};

struct QueueLengths {
  std::size_t active = 0, backoff = 0, unschedulable = 0, gated = 0, in_flight = 0;
};

class SchedulingQueue {
 public:
  using PreEnqueue = std::function<Status(const api::Pod&)>;
  SchedulingQueue(QueueOptions options, PreEnqueue pre_enqueue);

  // A Pod that has no node yet and asks for one of our profiles. A Pod that is known already is updated.
  void add(std::shared_ptr<const api::Pod> pod, TimePoint now);
  // An edit (labels, tolerations, gates, …) makes an unschedulable Pod active again, after its backoff.
  // Edits of status alone only replace the object. A Pod in flight keeps its new object for a later retry.
  void update(std::shared_ptr<const api::Pod> pod, TimePoint now);
  // Deleted, or bound by someone.
  void remove(std::string_view uid);

  // The next Pod to try, if any is active now.
  std::optional<QueuedPod> pop(TimePoint now);
  // For a popped Pod, exactly one of:
  void done(std::string_view uid);                                  // bound, or not ours any more
  void park(const QueuedPod& pod, Events wakes_on, TimePoint now);  // refused
  void retry(const QueuedPod& pod, TimePoint now);                  // an error: again after its backoff

  // Something happened: Pods that wait for it become active (or wait out their backoff).
  void move(Events events, TimePoint now);
  // Ends backoffs, flushes old unschedulable Pods. pop() does it too.
  void tick(TimePoint now);
  // When tick() will have something to do; nullopt: not before another call.
  std::optional<TimePoint> next_wakeup() const;

  QueueLengths lengths() const;
  const QueuedPod* find(std::string_view uid) const;

 private:
  enum class Part { active, backoff, unschedulable, gated, in_flight };
  struct Entry {
    QueuedPod queued;
    Part part = Part::active;
    std::uint64_t sequence = 0;  // breaks ties in the order of arrival
    TimePoint backoff_until{};
    Events missed;  // events while in flight
  };
  struct ActiveKey {
    std::int64_t negative_priority;
    TimePoint since;
    std::uint64_t sequence;
    auto operator<=>(const ActiveKey&) const = default;
  };
  static ActiveKey key_of(const Entry& entry);
  using TimeKey = std::pair<TimePoint, std::uint64_t>;

  void enter(Entry& entry, Part part, TimePoint now);
  void leave(Entry& entry);
  void requeue(Entry& entry, TimePoint now);
  std::chrono::milliseconds backoff(int attempts) const;

  QueueOptions options_;
  PreEnqueue pre_enqueue_;
  std::uint64_t next_sequence_ = 0;
  std::unordered_map<std::string, Entry> entries_;  // by UID
  std::map<ActiveKey, Entry*> active_;
  std::map<TimeKey, Entry*> backoff_;
  std::map<TimeKey, Entry*> unschedulable_;  // by the time they are flushed
  std::set<Entry*> in_flight_;
};

}  // namespace actimanager::scheduler

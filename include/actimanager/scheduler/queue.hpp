// SchedulingQueue: which Pod is tried next. A Pod that waits is in one of four parts:
//   active         to be tried now, by priority, then by the time it was added
//   backoff        was tried; will be active when its backoff is over
//   unschedulable  was refused; waits for an event that one of the plugins that refused it takes for hope, or
//                  for flush_after
//   gated          PreEnqueue holds it back; waits for its own update
// A popped Pod is in none, until done(), park() or retry(). What happens meanwhile is kept for it: where it
// is parked in the end, it may be worth another try already.
//
// Sans-I/O: `now` is an argument; next_wakeup() says when tick() has something to do. Deterministic.
// Follows kube-scheduler's scheduling queue of Kubernetes 1.35, but for two things. A Pod waits out its
// backoff even while nothing else is to be tried. And events are kept for popped Pods up to a number
// (max_missed); a Pod that is parked after more of them is tried again. Nominated Pods are not tracked.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

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
  TimePoint added{};                       // to the queue, for the first time
  TimePoint since{};                       // in the part it is in: orders Pods of one priority
  int attempts = 0;                        // so far, this one included once popped
  int refusals = 0;                        // of those attempts
  int errors_in_row = 0;                   // attempts that failed, since the last that did not
  std::vector<const Plugin*> rejected_by;  // while unschedulable
  std::string kind;                        // the same
  std::string gated_by;                    // while gated: what PreEnqueue said
};

struct QueueLengths {
  std::size_t active = 0, backoff = 0, unschedulable = 0, gated = 0, in_flight = 0;
};

// Says of one event, for a Pod and the plugins that have refused it, which of them takes the event for a
// reason to try it again; nullopt: none. A Pod that no plugin has refused had no node to go to, and waits for
// one: "" stands for that. Empty: no Pod is worth a try because of this event. It does not outlive the event.
using Hopeful =
    std::function<std::optional<std::string_view>(const api::Pod&, const std::vector<const Plugin*>&)>;

class SchedulingQueue {
 public:
  using PreEnqueue = std::function<Status(const api::Pod&)>;
  // Called once for each event: what is common to all Pods is worked out there.
  using About = std::function<Hopeful(const ClusterEvent&)>;
  // Is told of each refused Pod that is tried again, and of the plugin that hoped.
  using Observe = std::function<void(const api::Pod&, const ClusterEvent&, std::string_view plugin)>;
  SchedulingQueue(QueueOptions options, PreEnqueue pre_enqueue, About about, Observe observe = nullptr);

  // A Pod that has no node yet and asks for one of our profiles. A Pod that is known already is updated.
  void add(std::shared_ptr<const api::Pod> pod, TimePoint now);
  // It was edited. Where a plugin that refused it takes that for hope, it is tried again; a Pod in flight
  // keeps its new object for a later retry.
  void update(std::shared_ptr<const api::Pod> pod, TimePoint now);
  // Deleted, or bound by someone.
  void remove(std::string_view uid);

  // The next Pod to try, if any is active now.
  std::optional<QueuedPod> pop(TimePoint now);
  // For a popped Pod, exactly one of:
  void done(std::string_view uid);  // bound, or not ours any more
  // Refused. `kind`: Pods of one kind that the same plugins refused hope for the same, and only one of them
  // is asked; "": it is like no other.
  void park(const QueuedPod& pod, std::vector<const Plugin*> rejected_by, TimePoint now,
            std::string kind = {});
  void retry(const QueuedPod& pod, TimePoint now);  // an error: again after its backoff

  // Something happened: refused Pods for which it may be a help become active (or wait out their backoff).
  void move(ClusterEvent event, TimePoint now);
  // Ends backoffs, flushes old unschedulable Pods. pop() does it too.
  void tick(TimePoint now);
  // When tick() will have something to do; nullopt: not before another call.
  std::optional<TimePoint> next_wakeup() const;

  QueueLengths lengths() const;
  const QueuedPod* find(std::string_view uid) const;

  static constexpr std::size_t max_missed = 10'000;

 private:
  enum class Part { active, backoff, unschedulable, gated, in_flight };
  struct Entry {
    QueuedPod queued;
    Part part = Part::active;
    std::uint64_t sequence = 0;  // breaks ties in the order of arrival
    TimePoint backoff_until{};
    std::uint64_t popped_at = 0;  // while in flight: the number of the first event after that
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
  // Of a Pod alone; who hopes is observed.
  bool hopes(const Entry& entry, const ClusterEvent& event) const;
  bool missed_something(const Entry& entry) const;
  void keep_for_popped(ClusterEvent event);
  void forget_missed();
  std::chrono::milliseconds backoff(const QueuedPod& pod) const;

  QueueOptions options_;
  PreEnqueue pre_enqueue_;
  About about_;
  Observe observe_;
  std::uint64_t next_sequence_ = 0;
  std::unordered_map<std::string, Entry> entries_;  // by UID
  std::map<ActiveKey, Entry*> active_;
  std::map<TimeKey, Entry*> backoff_;
  std::map<TimeKey, Entry*> unschedulable_;  // by the time they are flushed
  // The same by the plugins that refused them and by kind; then by sequence.
  using Likes = std::pair<std::vector<const Plugin*>, std::string>;
  static Likes likes_of(const Entry& entry);
  void join_alike(Entry& entry);
  void leave_alike(const Entry& entry);
  std::map<Likes, std::map<std::uint64_t, Entry*>> alike_;
  std::deque<ClusterEvent> missed_;         // since the first of the Pods in flight was popped
  std::uint64_t first_missed_ = 0;          // the number of the first of them
  std::multiset<std::uint64_t> popped_at_;  // of the Pods in flight
};

}  // namespace actimanager::scheduler

// Leader election on a Lease (coordination.k8s.io/v1) as a state machine, with client-go's timing rules.
// Sans-I/O: LeaderElector reads and writes, this decides what.
//
// A Lease is no fence: one who believes to hold it may have lost it a moment ago, when its clock stood still.
// Nothing here may be relied on for correctness; it only keeps two leaders from wasting each other's work.
// Other holders are judged by the local clock alone: theirs may be wrong.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <actimanager/api/json_value.hpp>
#include <actimanager/core/error.hpp>

namespace actimanager::kube {

struct LeaseOptions {
  std::string identity;                       // ours; others must not use it
  std::chrono::milliseconds duration{15000};  // others wait this long for a silent leader
  // A leader that could not renew for this long is none any more. An attempt has half of it.
  std::chrono::milliseconds renew_deadline{10000};
  std::chrono::milliseconds retry_period{2000};  // between attempts

  // duration > renew_deadline > 1.2 * retry_period > 0. Errors: invalid_argument, naming the rule.
  Result<void> check() const;
};

struct LeaseRecord {  // as read from the API
  std::string holder;
  std::int64_t duration_seconds = 0;
  std::string acquire_time, renew_time;  // MicroTime, compared but never trusted
  std::int64_t transitions = 0;
  std::string resource_version;
  bool operator==(const LeaseRecord&) const = default;

  static LeaseRecord decode(const api::JsonValue& lease);
};

class LeaseMachine {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit LeaseMachine(LeaseOptions options) : options_(std::move(options)) {}

  // What to do about the Lease as it was just read (nullopt: there is none).
  enum class Step {
    create,  // make it, in our name
    take,    // replace it: nobody holds it, or its holder was silent for too long
    renew,   // replace it: it is ours
    wait,    // somebody else's: look again after retry_period
  };
  Step observe(const std::optional<LeaseRecord>& lease, TimePoint now);
  // The write that observe() asked for succeeded: we lead from the moment it was begun.
  void written(TimePoint begun);
  // Given up, or found in somebody else's hands.
  void lost() { renewed_.reset(); }

  bool leading() const { return renewed_.has_value(); }
  // Precondition: leading(). When leading ends unless a renewal succeeds before.
  TimePoint deadline() const { return *renewed_ + options_.renew_deadline; }
  const LeaseOptions& options() const { return options_; }
  const std::string& holder() const { return seen_.holder; }  // as last seen

 private:
  LeaseOptions options_;
  LeaseRecord seen_;
  TimePoint seen_at_{};
  std::optional<TimePoint> renewed_;
};

}  // namespace actimanager::kube

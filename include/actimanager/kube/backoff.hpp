// Backoff: how long to wait before the next attempt: doubled each time up to a limit, jittered, and reset
// after things have gone well for a while. Sans-I/O.
#pragma once

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

namespace actimanager::kube {

class Backoff {
 public:
  using Duration = std::chrono::milliseconds;
  using TimePoint = std::chrono::steady_clock::time_point;

  // client-go's for reflectors.
  Backoff() : Backoff(Duration(800), std::chrono::seconds(30), std::chrono::minutes(2)) {}
  Backoff(Duration initial, Duration limit, Duration reset_after)
      : initial_(initial), limit_(limit), reset_after_(reset_after), next_(initial) {}

  // Between 1 and 2 times the current step.
  Duration next(TimePoint now) {
    if (last_ != TimePoint{} && now - last_ > reset_after_) next_ = initial_;
    last_ = now;
    const auto step = std::exchange(next_, std::min(limit_, next_ * 2));
    return step + Duration(std::uniform_int_distribution<Duration::rep>(0, step.count())(random_));
  }
  void reset() { next_ = initial_; }

 private:
  Duration initial_, limit_, reset_after_, next_;
  TimePoint last_{};
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace actimanager::kube

// Quarrel: two who write one Pod's cpusets against each other, as one of them sees it: whether to go on
// putting back, and whether it is still going on. A state machine without a clock.
//
// After `repairs_at_once` repairs within `repair_window` a quarrel is on, and the other is let, until the
// oldest of those repairs is that long ago. It is over when the other has not written for `quiet`.
#pragma once

#include <chrono>
#include <deque>
#include <string>

namespace actimanager::roles {

class Quarrel {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr std::size_t repairs_at_once = 20;
  static constexpr std::chrono::seconds repair_window{10}, quiet{10};

  // What `other` wrote was put back. Whether that makes it a quarrel.
  bool repaired(std::string other, TimePoint now);
  // Something was written, and left alone.
  void left_alone(TimePoint now);

  bool may_repair(TimePoint now) const;
  bool going_on(TimePoint now) const { return on_ && now < over_at(); }
  // If nothing more is written.
  TimePoint over_at() const { return last_ + quiet; }
  // Who it was last.
  const std::string& other() const { return other_; }

 private:
  std::deque<TimePoint> repairs_;  // the last repairs_at_once of them
  bool on_ = false;
  TimePoint last_{};
  std::string other_;
};

}  // namespace actimanager::roles

#include "quarrel.hpp"

namespace actimanager::roles {

bool Quarrel::repaired(std::string other, TimePoint now) {
  const bool before = going_on(now);
  repairs_.push_back(now);
  if (repairs_.size() > repairs_at_once) repairs_.pop_front();
  other_ = std::move(other);
  last_ = now;
  on_ = before || !may_repair(now);
  return on_ && !before;
}

void Quarrel::left_alone(TimePoint now) {
  if (on_) last_ = now;
}

bool Quarrel::may_repair(TimePoint now) const {
  return repairs_.size() < repairs_at_once || now - repairs_.front() > repair_window;
}

}  // namespace actimanager::roles

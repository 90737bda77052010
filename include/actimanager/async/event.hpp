// Event: one coroutine waits until others say that there is something to do. Level-triggered: a set() before
// the wait is not lost, many of them are one. One waiter at a time, one event-loop thread.
#pragma once

#include <chrono>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

namespace actimanager::async {

class Event {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Event(const boost::asio::any_io_executor& executor);

  void set();
  bool is_set() const { return set_; }

  // Returns once set() has been called since the last wait, and clears it.
  boost::asio::awaitable<void> wait();
  // The same, or at `deadline`: whether it was set.
  boost::asio::awaitable<bool> wait_until(Clock::time_point deadline);

 private:
  boost::asio::steady_timer timer_;
  bool set_ = false;
};

// Everything else that is ready gets its turn first.
boost::asio::awaitable<void> give_way();

// Throws operation_aborted when cancelled.
boost::asio::awaitable<void> sleep_for(std::chrono::nanoseconds duration);

}  // namespace actimanager::async

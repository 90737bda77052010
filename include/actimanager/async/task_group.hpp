// TaskGroup: the owner of coroutines that run at the same time. Nothing is detached: whoever makes a group
// awaits it, and cancelling the one who awaits cancels them all.
//
// The first child that fails cancels its siblings, and wait() rethrows its exception once all have ended. One
// event-loop thread only: neither thread-safe nor meant to be.
#pragma once

#include <exception>
#include <list>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

namespace actimanager::async {

namespace asio = boost::asio;

class TaskGroup {
 public:
  explicit TaskGroup(asio::any_io_executor executor);
  // Precondition: no child is left (wait() has returned or thrown).
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  void spawn(asio::awaitable<void> task);
  void cancel();
  std::size_t size() const { return children_.size(); }

  // Returns when all children have ended; throws what the first failure threw. If the waiting coroutine is
  // cancelled, the children are cancelled, awaited all the same, and operation_aborted is thrown.
  asio::awaitable<void> wait();
  // For a group that children are added to for as long as its owner lives: never returns by itself. Throws as
  // wait() does, when a child has failed or the caller was cancelled and all children have ended.
  asio::awaitable<void> serve();
  // Returns when fewer than `limit` children run: bounded concurrency is `co_await below(n); spawn(…)`. The
  // children go on if the caller is cancelled.
  asio::awaitable<void> below(std::size_t limit);

 private:
  friend asio::awaitable<void> first_to_finish(std::vector<asio::awaitable<void>> tasks);
  struct Child {
    asio::cancellation_signal stop;
  };
  void ended(std::list<Child>::iterator child, std::exception_ptr failure);
  asio::awaitable<void> a_child_ended();

  asio::any_io_executor executor_;
  asio::steady_timer changed_;  // never expires; cancelled when a child has ended
  std::list<Child> children_;
  std::exception_ptr failure_;
  bool cancelled_ = false;
  bool first_ends_all_ = false;
};

// Runs the tasks until the first of them returns or throws, then cancels the others and awaits them. Throws
// what the first one threw. For a role's parts: whichever dies, the role does.
asio::awaitable<void> first_to_finish(std::vector<asio::awaitable<void>> tasks);

}  // namespace actimanager::async

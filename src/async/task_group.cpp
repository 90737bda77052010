#include <cassert>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <actimanager/async/task_group.hpp>

namespace actimanager::async {
namespace {

bool is_cancellation(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& error) {
    return error.code() == asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}

}  // namespace

TaskGroup::TaskGroup(asio::any_io_executor executor)
    : executor_(std::move(executor)), changed_(executor_, asio::steady_timer::time_point::max()) {}

TaskGroup::~TaskGroup() {
  assert(children_.empty());
}

void TaskGroup::spawn(asio::awaitable<void> task) {
  const auto child = children_.emplace(children_.end());
  asio::co_spawn(executor_, std::move(task),
                 asio::bind_cancellation_slot(child->stop.slot(), [this, child](std::exception_ptr failure) {
                   ended(child, std::move(failure));
                 }));
  if (cancelled_) child->stop.emit(asio::cancellation_type::terminal);
}

void TaskGroup::ended(std::list<Child>::iterator child, std::exception_ptr failure) {
  children_.erase(child);
  // What a child throws because it was told to stop is not a failure.
  const bool failed = failure && !(cancelled_ && is_cancellation(failure));
  if (failed && !failure_) failure_ = std::move(failure);
  if ((failed || first_ends_all_) && !cancelled_) cancel();
  changed_.cancel();
}

void TaskGroup::cancel() {
  cancelled_ = true;
  // A child may end, and leave the list, while it is told to stop.
  for (auto child = children_.begin(); child != children_.end();) {
    const auto next = std::next(child);
    child->stop.emit(asio::cancellation_type::terminal);
    child = next;
  }
}

asio::awaitable<void> TaskGroup::a_child_ended() {
  boost::system::error_code ignored;
  co_await changed_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<void> TaskGroup::wait() {
  co_await asio::this_coro::throw_if_cancelled(false);
  bool interrupted = false;
  while (!children_.empty()) {
    co_await a_child_ended();
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) {
      interrupted = true;
      cancel();
      co_await asio::this_coro::reset_cancellation_state();
    }
  }
  co_await asio::this_coro::throw_if_cancelled(true);
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  if (interrupted) throw boost::system::system_error(asio::error::operation_aborted);
}

asio::awaitable<void> TaskGroup::serve() {
  co_await asio::this_coro::throw_if_cancelled(false);
  while (!failure_ &&
         (co_await asio::this_coro::cancellation_state).cancelled() == asio::cancellation_type::none) {
    co_await a_child_ended();
  }
  cancel();
  const bool failed = failure_ != nullptr;
  co_await asio::this_coro::reset_cancellation_state();
  co_await wait();
  if (!failed) throw boost::system::system_error(asio::error::operation_aborted);
}

asio::awaitable<void> TaskGroup::below(std::size_t limit) {
  while (children_.size() >= limit) co_await a_child_ended();
}

asio::awaitable<void> first_to_finish(std::vector<asio::awaitable<void>> tasks) {
  TaskGroup group(co_await asio::this_coro::executor);
  group.first_ends_all_ = true;
  for (auto& task : tasks) group.spawn(std::move(task));
  co_await group.wait();
}

}  // namespace actimanager::async

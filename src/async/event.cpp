#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <actimanager/async/event.hpp>

namespace actimanager::async {

namespace asio = boost::asio;

Event::Event(const asio::any_io_executor& executor) : timer_(executor) {}

void Event::set() {
  set_ = true;
  timer_.cancel();
}

asio::awaitable<void> Event::wait() {
  co_await wait_until(Clock::time_point::max());
}

asio::awaitable<bool> Event::wait_until(Clock::time_point deadline) {
  if (set_) {
    // Others get their turn, also when one who is always busy waits.
    co_await give_way();
  } else {
    timer_.expires_at(deadline);
    boost::system::error_code ended_early;  // by set(), or because the waiter was cancelled: that throws
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ended_early));
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) {
      throw boost::system::system_error(asio::error::operation_aborted);
    }
  }
  co_return std::exchange(set_, false);
}

asio::awaitable<void> give_way() {
  co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
}

asio::awaitable<void> sleep_for(std::chrono::nanoseconds duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  timer.expires_after(duration);
  co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace actimanager::async

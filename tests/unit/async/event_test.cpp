#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch_test_macros.hpp>

#include <actimanager/async/event.hpp>

#include "run.hpp"

namespace actimanager::async {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

TEST_CASE("Event: what was set before the wait is not lost, and many are one") {
  asio::io_context context;
  Event event(context.get_executor());
  event.set();
  event.set();
  run(context, [](Event& e) -> asio::awaitable<void> {
    CHECK(co_await e.wait_until(Event::Clock::now()));
    CHECK_FALSE(co_await e.wait_until(Event::Clock::now()));
  }(event));
}

TEST_CASE("Event: a set ends a wait that is under way") {
  asio::io_context context;
  Event event(context.get_executor());
  asio::post(context, [&] { asio::post(context, [&] { event.set(); }); });
  run(context, [](Event& e) -> asio::awaitable<void> {
    co_await e.wait();
    CHECK_FALSE(e.is_set());
  }(event));
}

TEST_CASE("Event: a cancelled wait throws and keeps the event") {
  asio::io_context context;
  Event event(context.get_executor());
  asio::cancellation_signal stop;
  std::exception_ptr failure;
  asio::co_spawn(
      context, event.wait(),
      asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr thrown) { failure = thrown; }));
  asio::post(context, [&] { stop.emit(asio::cancellation_type::terminal); });
  context.run();
  CHECK(failure);
}

}  // namespace
}  // namespace actimanager::async

#include <stdexcept>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>

#include <actimanager/async/event.hpp>
#include <actimanager/async/task_group.hpp>

#include "run.hpp"

namespace actimanager::async {
namespace {

using namespace std::chrono_literals;

asio::awaitable<void> forever(int& cleaned_up) {
  try {
    co_await sleep_for(1h);
  } catch (const boost::system::system_error&) {
    ++cleaned_up;
    throw;
  }
}

asio::awaitable<void> fails_soon() {
  co_await sleep_for(1ms);
  throw std::runtime_error("broken");
}

asio::awaitable<void> ends_soon() {
  co_await sleep_for(1ms);
}

TEST_CASE("TaskGroup: a failure cancels the siblings, which are awaited, and is rethrown") {
  asio::io_context context;
  int cleaned_up = 0;
  const auto all = [](int& count) -> asio::awaitable<void> {
    TaskGroup group(co_await asio::this_coro::executor);
    group.spawn(forever(count));
    group.spawn(fails_soon());
    group.spawn(forever(count));
    co_await group.wait();
  };
  CHECK_THROWS_WITH(run(context, all(cleaned_up)), "broken");
  CHECK(cleaned_up == 2);
}

TEST_CASE("TaskGroup: one that ends leaves the others running") {
  asio::io_context context;
  run(context, []() -> asio::awaitable<void> {
    TaskGroup group(co_await asio::this_coro::executor);
    int cleaned_up = 0;
    group.spawn(ends_soon());
    group.spawn(forever(cleaned_up));
    co_await group.below(2);
    CHECK(group.size() == 1);
    CHECK(cleaned_up == 0);
    group.cancel();
    co_await group.wait();
    CHECK(cleaned_up == 1);
  }());
}

TEST_CASE("TaskGroup: cancelling who waits cancels the children and awaits them") {
  asio::io_context context;
  int cleaned_up = 0;
  asio::cancellation_signal stop;
  std::exception_ptr failure;
  const auto parent = [](int& count) -> asio::awaitable<void> {
    TaskGroup group(co_await asio::this_coro::executor);
    group.spawn(forever(count));
    group.spawn(forever(count));
    co_await group.wait();
  };
  asio::co_spawn(
      context, parent(cleaned_up),
      asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr thrown) { failure = thrown; }));
  asio::post(context, [&] { asio::post(context, [&] { stop.emit(asio::cancellation_type::terminal); }); });
  context.run();
  CHECK(failure);
  CHECK(cleaned_up == 2);
}

TEST_CASE("first_to_finish: whichever ends, ends all") {
  asio::io_context context;
  int cleaned_up = 0;
  const auto parts = [&](asio::awaitable<void> first) {
    std::vector<asio::awaitable<void>> tasks;
    tasks.push_back(forever(cleaned_up));
    tasks.push_back(std::move(first));
    return tasks;
  };
  run(context, first_to_finish(parts(ends_soon())));
  CHECK(cleaned_up == 1);
  CHECK_THROWS_WITH(run(context, first_to_finish(parts(fails_soon()))), "broken");
  CHECK(cleaned_up == 2);
}

}  // namespace
}  // namespace actimanager::async

// Runs one coroutine to its end on an event loop of its own, and rethrows what it threw.
#pragma once

#include <exception>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace actimanager {

inline void run(boost::asio::io_context& context, boost::asio::awaitable<void> task) {
  std::exception_ptr failure;
  boost::asio::co_spawn(context, std::move(task),
                        [&](std::exception_ptr thrown) { failure = std::move(thrown); });
  context.run();
  context.restart();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace actimanager

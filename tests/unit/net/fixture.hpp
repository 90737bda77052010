// A server that runs beside the script of a test, and a client that sends it exactly the bytes it is told to.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <actimanager/net/server.hpp>

#include "run.hpp"

namespace actimanager::net::testing {

namespace asio = boost::asio;
using namespace std::chrono_literals;

class RawClient {
 public:
  RawClient(asio::io_context& context, std::uint16_t port) : socket_(context) {
    socket_.connect({asio::ip::address_v4::loopback(), port});
  }

  asio::awaitable<void> send(std::string bytes) {
    co_await asio::async_write(socket_, asio::buffer(bytes),
                               asio::redirect_error(asio::use_awaitable, error_));
  }
  // One answer: its head and as much body as its Content-Length says (none after HEAD).
  asio::awaitable<std::string> answer(bool head = false) {
    const auto done = [this] { return asio::redirect_error(asio::use_awaitable, error_); };
    const auto length =
        co_await asio::async_read_until(socket_, asio::dynamic_buffer(read_), "\r\n\r\n", done());
    if (error_) co_return read_;
    std::size_t body = 0;
    const auto at = read_.find("Content-Length: ");
    if (!head && at < length) body = std::stoul(read_.substr(at + 16));
    if (read_.size() < length + body) {
      co_await asio::async_read(socket_, asio::dynamic_buffer(read_),
                                asio::transfer_exactly(length + body - read_.size()), done());
    }
    auto whole = read_.substr(0, length + body);
    read_.erase(0, length + body);
    co_return whole;
  }
  // Everything until the server closes the connection, or resets it.
  asio::awaitable<std::string> rest() {
    co_await asio::async_read(socket_, asio::dynamic_buffer(read_),
                              asio::redirect_error(asio::use_awaitable, error_));
    co_return std::exchange(read_, {});
  }
  asio::ip::tcp::socket& socket() { return socket_; }

 private:
  asio::ip::tcp::socket socket_;
  std::string read_;
  boost::system::error_code error_;
};

struct ServerFixture {
  asio::io_context context;
  ServerOptions options;
  Server::Handler handler = [](const Request& request) {
    return Response{200, {}, request.method + " " + request.target};
  };
  std::unique_ptr<Server> server;

  // Runs `body` beside the server, and cancels that when it is through.
  template <class Body>
  void play(Body body) {
    server = value_or_throw(Server::listen(
        context.get_executor(), "127.0.0.1:0", [this](const Request& request) { return handler(request); },
        [](int status, std::string_view why) {
          return Response{status, {}, std::to_string(status) + " " + std::string(why)};
        },
        options));
    asio::cancellation_signal stop;
    asio::co_spawn(context, server->run(),
                   asio::bind_cancellation_slot(stop.slot(), [](std::exception_ptr) {}));
    run(context, [](Body script, asio::cancellation_signal& end) -> asio::awaitable<void> {
      std::exception_ptr failure;
      try {
        co_await script();
      } catch (...) {
        failure = std::current_exception();
      }
      end.emit(asio::cancellation_type::terminal);
      if (failure) std::rethrow_exception(failure);
    }(std::move(body), stop));
  }
  RawClient connect() { return {context, server->port()}; }
};

inline bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace actimanager::net::testing

#include "scripted_server.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

namespace actimanager::net::testing {

namespace asio = boost::asio;
using asio::ip::tcp;

Reply reply(int status, const std::string& body, const std::string& more_headers) {
  return {fmt::format("HTTP/1.1 {} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}\r\n{}",
                      status, body.size(), more_headers, body)};
}

ScriptedServerFake::ScriptedServerFake(asio::io_context& context)
    : context_(context),
      acceptor_(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
      url_{false, "127.0.0.1", std::to_string(acceptor_.local_endpoint().port()), ""} {
  asio::co_spawn(context_, accept(), asio::detached);
}

ScriptedServerFake::~ScriptedServerFake() {
  stop();
}

void ScriptedServerFake::stop() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  for (const auto& weak : sockets_)
    if (const auto socket = weak.lock()) socket->close(ignored);
}

asio::awaitable<void> ScriptedServerFake::accept() {
  while (true) {
    boost::system::error_code error;
    auto socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    ++connections;
    asio::co_spawn(context_, serve(std::move(socket)), asio::detached);
  }
}

asio::awaitable<void> ScriptedServerFake::serve(tcp::socket accepted) {
  const auto socket = std::make_shared<tcp::socket>(std::move(accepted));
  sockets_.push_back(socket);
  boost::system::error_code error;
  const auto done = [&error] { return asio::redirect_error(asio::use_awaitable, error); };
  while (true) {
    std::string request;
    const auto head =
        co_await asio::async_read_until(*socket, asio::dynamic_buffer(request), "\r\n\r\n", done());
    if (error) co_return;
    if (const auto at = request.find("Content-Length: "); at != std::string::npos && at < head) {
      const auto whole = head + std::stoul(request.substr(at + 16));
      if (request.size() < whole) {
        const auto before = request.size();
        request.resize(whole);
        co_await asio::async_read(*socket, asio::buffer(request.data() + before, whole - before), done());
      }
    }
    requests.push_back(std::move(request));
    Reply answer;
    if (responder) {
      answer = responder(requests.back());
    } else if (replies.empty()) {
      socket->close(error);
      co_return;
    } else {
      answer = std::move(replies.front());
      replies.pop_front();
    }
    co_await asio::async_write(*socket, asio::buffer(answer.bytes), done());
    if (answer.then_close || error) {
      socket->close(error);
      co_return;
    }
  }
}

}  // namespace actimanager::net::testing

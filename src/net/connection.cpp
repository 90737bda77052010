#include "connection.hpp"

#include <netinet/tcp.h>
#include <optional>
#include <sys/socket.h>
#include <type_traits>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <fmt/format.h>

namespace actimanager::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

constexpr std::size_t max_head = 64 << 10;

// A cancelled coroutine unwinds; every other failure is a value.
asio::awaitable<void> throw_if_stopped() {
  const auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none) {
    throw boost::system::system_error(asio::error::operation_aborted);
  }
}

std::unexpected<Error> broken(std::string_view what, const ErrorCode& error) {
  if (error == http::error::header_limit || error == http::error::body_limit) {
    return fail(Errc::out_of_range, fmt::format("{}: {}", what, error.message()));
  }
  return fail(Errc::unavailable, fmt::format("{}: {}", what, error.message()));
}

template <class Stream>
class StreamConnection final : public Connection {
 public:
  template <class... Args>
  explicit StreamConnection(std::string host, Args&&... args)
      : host_(std::move(host)), stream_(std::forward<Args>(args)...) {}

  beast::tcp_stream& lowest() { return beast::get_lowest_layer(stream_); }
  Stream& stream() { return stream_; }

  asio::awaitable<Result<Head>> exchange(const Request& request, std::chrono::milliseconds timeout) override {
    reusable_ = false;
    http::request<http::string_body> message;
    message.version(11);
    message.method_string(request.method);
    message.target(request.target);
    message.set(http::field::host, host_);
    message.set(http::field::user_agent, "actimanager");
    for (const auto& [name, value] : request.headers) message.set(name, value);
    message.body() = request.body;
    if (!request.body.empty() || (request.method != "GET" && request.method != "HEAD"))
      message.prepare_payload();

    ErrorCode error;
    lowest().expires_after(timeout);
    co_await http::async_write(stream_, message, asio::redirect_error(asio::use_awaitable, error));
    if (error) {
      co_await throw_if_stopped();
      co_return broken("send", error);
    }
    parser_.emplace();
    parser_->header_limit(max_head);
    parser_->body_limit(boost::none);
    if (request.method == "HEAD") parser_->skip(true);
    co_await http::async_read_header(stream_, buffer_, *parser_,
                                     asio::redirect_error(asio::use_awaitable, error));
    if (error) {
      co_await throw_if_stopped();
      co_return broken("receive", error);
    }
    Head head;
    head.status = static_cast<int>(parser_->get().result_int());
    for (const auto& field : parser_->get()) {
      head.headers.add(std::string(field.name_string()), std::string(field.value()));
    }
    finish_if_done();
    co_return head;
  }

  asio::awaitable<Result<std::size_t>> read_some(std::span<char> buffer,
                                                 std::chrono::milliseconds silence) override {
    if (buffer.empty()) co_return std::size_t{0};
    while (!parser_->is_done()) {
      auto& body = parser_->get().body();
      body.data = buffer.data();
      body.size = buffer.size();
      lowest().expires_after(silence);
      ErrorCode error;
      co_await http::async_read_some(stream_, buffer_, *parser_,
                                     asio::redirect_error(asio::use_awaitable, error));
      if (error == http::error::need_buffer) error = {};
      const std::size_t got = buffer.size() - body.size;
      if (error && got == 0) {
        co_await throw_if_stopped();
        co_return broken("receive", error);
      }
      finish_if_done();
      if (got > 0) co_return got;
    }
    co_return std::size_t{0};
  }

  bool reusable() const override { return reusable_; }

  bool alive() override {
    char byte = 0;
    const auto got = ::recv(lowest().socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }

 private:
  void finish_if_done() {
    if (!parser_->is_done()) return;
    reusable_ = parser_->keep_alive();
    lowest().expires_never();
  }

  std::string host_;
  Stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::response_parser<http::buffer_body>> parser_;
  bool reusable_ = false;
};

using PlainConnection = StreamConnection<beast::tcp_stream>;
using TlsConnection = StreamConnection<beast::ssl_stream<beast::tcp_stream>>;

// A peer that vanished is noticed within 30 s, whatever the layers above wait for.
void watch_over(tcp::socket& socket) {
  ErrorCode ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  const int fd = socket.native_handle();
  const auto set = [fd](int option, int value) {
    ::setsockopt(fd, IPPROTO_TCP, option, &value, sizeof value);
  };
  set(TCP_KEEPIDLE, 15);
  set(TCP_KEEPINTVL, 5);
  set(TCP_KEEPCNT, 3);
  set(TCP_USER_TIMEOUT, 30000);
}

asio::awaitable<Result<void>> connect_tcp(beast::tcp_stream& stream, const Url& server) {
  ErrorCode error;
  const auto address = asio::ip::make_address(server.host, error);
  if (!error) {
    const tcp::endpoint endpoint(address, static_cast<std::uint16_t>(std::stoi(server.port)));
    co_await stream.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
  } else {
    tcp::resolver resolver(stream.get_executor());
    const auto found = co_await resolver.async_resolve(server.host, server.port,
                                                       asio::redirect_error(asio::use_awaitable, error));
    if (!error) co_await stream.async_connect(found, asio::redirect_error(asio::use_awaitable, error));
  }
  if (error) {
    co_await throw_if_stopped();
    co_return broken("connect", error);
  }
  watch_over(stream.socket());
  co_return Result<void>{};
}

}  // namespace

asio::awaitable<Result<std::unique_ptr<Connection>>> connect(asio::any_io_executor executor,
                                                             const Url& server, asio::ssl::context* tls,
                                                             const TlsOptions& tls_options,
                                                             std::chrono::milliseconds timeout) {
  const bool v6 = server.host.find(':') != std::string::npos;
  const auto host = v6 ? fmt::format("[{}]:{}", server.host, server.port) : server.host + ":" + server.port;
  if (tls == nullptr) {
    auto connection = std::make_unique<PlainConnection>(host, executor);
    connection->lowest().expires_after(timeout);
    auto connected = co_await connect_tcp(connection->lowest(), server);
    if (!connected) co_return fail(std::move(connected.error()));
    co_return connection;
  }
  auto connection = std::make_unique<TlsConnection>(host, executor, *tls);
  connection->lowest().expires_after(timeout);
  auto connected = co_await connect_tcp(connection->lowest(), server);
  if (!connected) co_return fail(std::move(connected.error()));

  const auto& name = tls_options.server_name.empty() ? server.host : tls_options.server_name;
  ErrorCode not_an_address;
  asio::ip::make_address(name, not_an_address);
  if (not_an_address) SSL_set_tlsext_host_name(connection->stream().native_handle(), name.c_str());
  ErrorCode error;
  if (!tls_options.insecure) {
    connection->stream().set_verify_callback(asio::ssl::host_name_verification(name), error);
  }
  co_await connection->stream().async_handshake(asio::ssl::stream_base::client,
                                                asio::redirect_error(asio::use_awaitable, error));
  if (error) {
    co_await throw_if_stopped();
    co_return broken("TLS handshake", error);
  }
  co_return connection;
}

}  // namespace actimanager::net

#include <algorithm>
#include <charconv>
#include <list>
#include <optional>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <fmt/format.h>

#include <actimanager/async/event.hpp>
#include <actimanager/async/task_group.hpp>
#include <actimanager/net/server.hpp>

namespace actimanager::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

namespace {

using Message = http::request<http::string_body>;
using Parser = http::request_parser<http::string_body>;

constexpr std::chrono::milliseconds max_linger{2000};
// What is read and not taken yet, beside a header: of chunks, whose extensions nobody else sets a limit to.
constexpr std::size_t max_read_ahead = 64 << 10;
constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";

Result<tcp::endpoint> parse_listen_address(const std::string& text) {
  const auto wrong = [&](std::string_view why) {
    return fail(Errc::invalid_argument, fmt::format("\"{}\": {}", text, why));
  };
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return wrong("expected host:port or :port");
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data() + colon + 1, end, port);
  if (failed != std::errc{} || rest != end) return wrong("the port is not a number from 0 to 65535");
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty()) return tcp::endpoint(tcp::v6(), port);  // both families
  ErrorCode error;
  const auto address = asio::ip::make_address(host, error);
  if (error) return wrong("the host is not an IP address");
  return tcp::endpoint(address, port);
}

ErrorCode open(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
  ErrorCode error;
  acceptor.open(endpoint.protocol(), error);
  if (error) return error;
  acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (endpoint.address().is_v6() && endpoint.address().is_unspecified()) {
    ErrorCode single_family;
    acceptor.set_option(asio::ip::v6_only(false), single_family);
  }
  acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  return error;
}

// Of the connections, whose last request is the longest ago first.
using Order = std::list<beast::tcp_stream*>;

class Place {
 public:
  Place(Order& order, beast::tcp_stream& stream) : order_(order), at_(order.insert(order.end(), &stream)) {}
  ~Place() { order_.erase(at_); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  void request_arrived() { order_.splice(order_.end(), order_, at_); }

 private:
  Order& order_;
  Order::iterator at_;
};

// "GET http://node:8089/topology", as proxies ask, is as "GET /topology".
std::string_view origin_form(std::string_view target) {
  constexpr std::string_view scheme = "http://";
  if (!target.starts_with(scheme)) return target;
  const auto path = target.find_first_of("/?", scheme.size());
  return path == target.npos ? "/" : target.substr(path);
}

// Bytes that are never read would reset the connection, and with it the answer on its way.
asio::awaitable<void> linger(beast::tcp_stream& stream, std::size_t most,
                             std::chrono::milliseconds patience) {
  ErrorCode error;
  stream.socket().shutdown(tcp::socket::shutdown_send, error);
  stream.expires_after(patience);
  char dropped[4096];
  for (std::size_t got = 1; got > 0 && most > 0 && !error; most -= std::min(most, got)) {
    got = co_await stream.async_read_some(asio::buffer(dropped),
                                          asio::redirect_error(asio::use_awaitable, error));
  }
}

asio::awaitable<ErrorCode> read(beast::tcp_stream& stream, beast::flat_buffer& buffer, Parser& parser) {
  ErrorCode error;
  const auto done = [&error] { return asio::redirect_error(asio::use_awaitable, error); };
  co_await http::async_read_header(stream, buffer, parser, done());
  if (!error && beast::iequals(parser.get()[http::field::expect], "100-continue"))
    co_await asio::async_write(stream, asio::buffer(go_on), done());
  if (!error && !parser.is_done()) co_await http::async_read(stream, buffer, parser, done());
  co_return error;
}

// Rather than broken off.
bool is_malformed(ErrorCode error) {
  return error.category() == make_error_code(http::error::bad_method).category() &&
         error != http::error::end_of_stream;
}

Request request_of(const Message& message) {
  Request request;
  request.method = message.method() == http::verb::head ? "GET" : std::string(message.method_string());
  request.target = std::string(origin_form(message.target()));
  for (const auto& field : message)
    request.headers.add(std::string(field.name_string()), std::string(field.value()));
  return request;
}

asio::awaitable<ErrorCode> write(beast::tcp_stream& stream, http::response<http::string_body> message,
                                 bool head) {
  ErrorCode error;
  const auto done = [&error] { return asio::redirect_error(asio::use_awaitable, error); };
  if (head) {
    http::response_serializer<http::string_body> serializer(message);
    co_await http::async_write_header(stream, serializer, done());
  } else {
    co_await http::async_write(stream, message, done());
  }
  co_return error;
}

}  // namespace

struct Server::Impl {
  tcp::acceptor acceptor;
  Handler handler;
  ErrorPage error_page;
  ServerOptions options;
  const async::TaskGroup* connections = nullptr;  // while running
  Order order;

  // Then nobody keeps a connection: idle ones must not keep others (a kubelet's probe) waiting for their
  // turn.
  bool crowded() const { return connections != nullptr && connections->size() * 2 > options.max_connections; }
  Response answer(const Request& request) const;
  std::optional<Response> complaint(ErrorCode error, const Message& message) const;
  asio::awaitable<void> serve(tcp::socket socket);  // one connection
  http::response<http::string_body> render(Response response, unsigned version, bool keep_alive,
                                           bool head) const;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::listen(asio::any_io_executor executor, const std::string& address,
                                               Handler handler, ErrorPage error_page, ServerOptions options) {
  const auto endpoint = parse_listen_address(address);
  if (!endpoint) return fail(endpoint.error());
  auto impl =
      std::make_unique<Impl>(tcp::acceptor(executor), std::move(handler), std::move(error_page), options);
  auto error = open(impl->acceptor, *endpoint);
  if (error == asio::error::address_family_not_supported && endpoint->address().is_unspecified()) {
    error = open(impl->acceptor, tcp::endpoint(tcp::v4(), endpoint->port()));  // a host without IPv6
  }
  if (error) return fail(Errc::unavailable, fmt::format("listen on {}: {}", address, error.message()));
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::uint16_t Server::port() const {
  return impl_->acceptor.local_endpoint().port();
}

http::response<http::string_body> Server::Impl::render(Response response, unsigned version, bool keep_alive,
                                                       bool head) const {
  http::response<http::string_body> message(static_cast<http::status>(response.status), version);
  for (const auto& [name, value] : response.headers) message.set(name, value);
  message.set(http::field::server, "actimanager");
  message.keep_alive(keep_alive);
  message.content_length(response.body.size());
  if (!head) message.body() = std::move(response.body);
  return message;
}

// One request that a handler cannot deal with is no reason to stop answering the others.
Response Server::Impl::answer(const Request& request) const {
  try {
    return handler(request);
  } catch (const std::exception& failure) {
    return error_page(500, failure.what());
  }
}

// nullopt: it is a request.
std::optional<Response> Server::Impl::complaint(ErrorCode error, const Message& message) const {
  if (error) {
    const int status = error == http::error::header_limit ? 431
                       : error == http::error::body_limit ? 413
                                                          : 400;
    return error_page(status, error.message());
  }
  if (message.version() >= 11 && message.count(http::field::host) != 1)
    return error_page(400, "one Host field is required");
  return std::nullopt;
}

asio::awaitable<void> Server::Impl::serve(tcp::socket socket) {
  beast::tcp_stream stream(std::move(socket));
  Place place(order, stream);
  beast::flat_buffer buffer(options.max_header + max_read_ahead);
  ErrorCode error;
  for (bool keep_alive = true; keep_alive;) {
    // A request may take its time to begin, but not to end.
    if (buffer.size() == 0) {
      stream.expires_after(crowded() ? std::min(options.idle_timeout, options.request_timeout)
                                     : options.idle_timeout);
      const auto got = co_await stream.async_read_some(buffer.prepare(4096),
                                                       asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return;
      buffer.commit(got);
    }
    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(options.max_header));
    parser.body_limit(options.max_body);
    stream.expires_after(options.request_timeout);
    error = co_await read(stream, buffer, parser);
    if (error && !is_malformed(error)) co_return;  // the connection broke, or nothing more came
    const auto& message = parser.get();
    Response response;
    if (auto wrong = complaint(error, message)) {
      response = std::move(*wrong);
      keep_alive = false;
    } else {
      place.request_arrived();
      response = answer(request_of(message));
      keep_alive = message.keep_alive() && !crowded();
    }
    stream.expires_after(options.write_timeout);
    const bool head = message.method() == http::verb::head;
    error = co_await write(stream, render(std::move(response), 11, keep_alive, head), head);
    if (error) co_return;
  }
  co_await linger(stream, 16 * options.max_body, std::min(options.request_timeout, max_linger));
}

asio::awaitable<void> Server::run() {
  async::TaskGroup connections(impl_->acceptor.get_executor());
  std::exception_ptr stopped;
  impl_->connections = &connections;
  try {
    while (true) {
      ErrorCode error;
      auto socket = co_await impl_->acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
      const auto state = co_await asio::this_coro::cancellation_state;
      if (state.cancelled() != asio::cancellation_type::none) break;
      if (error) {
        co_await async::sleep_for(std::chrono::milliseconds(100));  // out of descriptors, most likely
        continue;
      }
      // Connections that never ask must not keep a kubelet's probe waiting.
      if (connections.size() >= impl_->options.max_connections) impl_->order.front()->close();
      co_await connections.below(impl_->options.max_connections);
      connections.spawn(impl_->serve(std::move(socket)));
    }
  } catch (...) {
    stopped = std::current_exception();
  }
  co_await asio::this_coro::reset_cancellation_state();
  connections.cancel();
  co_await connections.wait();
  impl_->connections = nullptr;
  if (stopped) std::rethrow_exception(stopped);
  throw boost::system::system_error(asio::error::operation_aborted);
}

}  // namespace actimanager::net

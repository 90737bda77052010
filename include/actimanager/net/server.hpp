// Server: a small HTTP/1.1 server for reading: keep-alive, HEAD, bounded in connections, header, body and
// time. Request bodies are read and dropped. One event-loop thread, so handlers must be quick.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <actimanager/core/error.hpp>
#include <actimanager/net/http.hpp>

namespace actimanager::net {

struct ServerOptions {
  // A further one takes the place of that whose last request is the longest ago; beyond half of it nobody's
  // connection is kept.
  std::size_t max_connections = 128;
  std::size_t max_header = 8 << 10;                  // bytes; beyond: 431
  std::size_t max_body = 64 << 10;                   // bytes; beyond: 413
  std::chrono::milliseconds request_timeout{10000};  // from a request's first byte to its last
  std::chrono::milliseconds idle_timeout{60000};     // between requests
  std::chrono::milliseconds write_timeout{10000};
};

class Server {
 public:
  // GET and HEAD arrive here as GET; what to answer, including to other methods, is the handler's decision.
  // What it throws is answered with the error page for 500.
  using Handler = std::function<Response(const Request&)>;
  // Answers for requests that never reach the handler (431, 413, 400, 500), by status.
  using ErrorPage = std::function<Response(int status, std::string_view why)>;

  // Listens on "host:port", ":port" or "[::1]:port". Errors: invalid_argument (address), unavailable (in
  // use).
  static Result<std::unique_ptr<Server>> listen(boost::asio::any_io_executor executor,
                                                const std::string& address, Handler handler,
                                                ErrorPage error_page, ServerOptions options = {});
  ~Server();

  std::uint16_t port() const;
  // Serves until cancelled; connections end with it.
  boost::asio::awaitable<void> run();

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace actimanager::net

// Connection: one TCP or TLS connection that carries HTTP/1.1 requests one after the other.
#pragma once

#include <memory>
#include <span>

#include <actimanager/net/client.hpp>

namespace boost::asio::ssl {
class context;  // NOLINT(readability-identifier-naming): Asio's own name
}

namespace actimanager::net {

class Connection {
 public:
  struct Head {
    int status = 0;
    Headers headers;
  };

  virtual ~Connection() = default;
  // Sends a request and reads the head of its answer. Errors: unavailable, out_of_range (the head is too
  // large).
  virtual boost::asio::awaitable<Result<Head>> exchange(const Request& request,
                                                        std::chrono::milliseconds timeout) = 0;
  // The next bytes of the body; 0 at its end.
  virtual boost::asio::awaitable<Result<std::size_t>> read_some(std::span<char> buffer,
                                                                std::chrono::milliseconds silence) = 0;
  // The answer has been read to its end and another request may follow.
  virtual bool reusable() const = 0;
  // An idle connection that the server has not closed meanwhile.
  virtual bool alive() = 0;
};

// Resolves, connects and shakes hands, all within `timeout`. tls: nullptr for plain HTTP.
boost::asio::awaitable<Result<std::unique_ptr<Connection>>> connect(boost::asio::any_io_executor executor,
                                                                    const Url& server,
                                                                    boost::asio::ssl::context* tls,
                                                                    const TlsOptions& tls_options,
                                                                    std::chrono::milliseconds timeout);

}  // namespace actimanager::net

// Client: HTTP/1.1 requests to one server, over TLS or plain, on connections that are kept and used again.
// Responses can be taken whole or as a stream. One event-loop thread.
//
// Does not follow redirects, does not retry what the server may have seen: a request that fails on a
// connection which was idle is tried once more on a fresh one only where its method is safe (GET, HEAD).
//
// Errors of every call: unavailable (connect, TLS, broken or silent connection), invalid_argument (TLS
// material), out_of_range (a body or header above its limit). The context names the server. Cancelling the
// calling coroutine throws operation_aborted and gives the connection up.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <actimanager/core/error.hpp>
#include <actimanager/net/http.hpp>

namespace actimanager::net {

struct TlsOptions {  // PEM texts
  std::string ca;    // empty: the system's
  std::string certificate, key;
  std::string server_name;  // to verify and to send; empty: the URL's host
  bool insecure = false;    // do not verify the server
};

struct ClientOptions {
  // Looking the name up, connect and TLS handshake together.
  std::chrono::milliseconds connect_timeout{10000};
  std::chrono::milliseconds io_timeout{30000};  // silence on the connection, for requests taken whole
  std::size_t max_body = 64 << 20;              // of a response taken whole, bytes
  std::size_t max_idle = 128;                   // connections kept
};

class Connection;

// A response whose body is read as it comes. Ending it early (destroying it) closes its connection.
class ResponseStream {
 public:
  ResponseStream(ResponseStream&&) noexcept;
  ResponseStream& operator=(ResponseStream&&) noexcept;
  ~ResponseStream();

  int status() const;
  const Headers& headers() const;

  // The next bytes of the body, at most buffer.size(); 0 at its end. Waits at most `silence` for them.
  boost::asio::awaitable<Result<std::size_t>> read_some(std::span<char> buffer,
                                                        std::chrono::milliseconds silence);

 private:
  friend class Client;
  struct State;
  explicit ResponseStream(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class Client {
 public:
  // Errors: invalid_argument where the TLS material cannot be read, naming which.
  static Result<std::shared_ptr<Client>> make(boost::asio::any_io_executor executor, const Url& server,
                                              const TlsOptions& tls, ClientOptions options = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  boost::asio::awaitable<Result<Response>> send(Request request);
  boost::asio::awaitable<Result<ResponseStream>> open(Request request,
                                                      std::chrono::milliseconds head_timeout);

  // "https://host:port", for messages.
  const std::string& server() const;

 private:
  friend class ResponseStream;
  struct Impl;
  explicit Client(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace actimanager::net

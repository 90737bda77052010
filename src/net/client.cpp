#include <optional>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/verify_mode.hpp>
#include <fmt/format.h>
#include <openssl/x509_vfy.h>

#include <actimanager/net/client.hpp>

#include "connection.hpp"

namespace actimanager::net {

namespace asio = boost::asio;
namespace ssl = asio::ssl;

struct Client::Impl {
  asio::any_io_executor executor;
  Url url;
  TlsOptions tls_options;
  ClientOptions options;
  std::optional<ssl::context> tls;
  std::string server;
  std::vector<std::unique_ptr<Connection>> idle;

  std::unique_ptr<Connection> take_idle() {
    while (!idle.empty()) {
      auto connection = std::move(idle.back());
      idle.pop_back();
      if (connection->alive()) return connection;
    }
    return nullptr;
  }
  void give_back(std::unique_ptr<Connection> connection) {
    // The first was used the longest ago: where the server has closed any, that one.
    if (!idle.empty() && !idle.front()->alive()) idle.erase(idle.begin());
    if (connection && connection->reusable() && idle.size() < options.max_idle)
      idle.push_back(std::move(connection));
  }
  struct Exchanged {
    std::unique_ptr<Connection> connection;
    Connection::Head head;
  };
  // Who has not answered on one connection will not on the others that were made to it before.
  asio::awaitable<Result<Connection::Head>> ask(Connection& connection, const Request& request,
                                                std::chrono::milliseconds timeout) {
    struct Asking {
      Impl& client;
      bool answered = false;
      ~Asking() {
        if (!answered) client.idle.clear();
      }
    } asking{*this};
    auto head = co_await connection.exchange(request, timeout);
    asking.answered = head.has_value();
    co_return head;
  }
  asio::awaitable<Result<Exchanged>> exchange(const Request& request, std::chrono::milliseconds timeout) {
    if (auto connection = take_idle()) {
      auto head = co_await ask(*connection, request, timeout);
      if (head) co_return Exchanged{std::move(connection), std::move(*head)};
      const bool safe = request.method == "GET" || request.method == "HEAD";
      if (!safe || head.error().code != Errc::unavailable)
        co_return fail(std::move(head.error()).wrap(server));
    }
    auto connection =
        co_await connect(executor, url, tls ? &*tls : nullptr, tls_options, options.connect_timeout);
    if (!connection) co_return fail(std::move(connection.error()).wrap(server));
    auto head = co_await ask(**connection, request, timeout);
    if (!head) co_return fail(std::move(head.error()).wrap(server));
    co_return Exchanged{std::move(*connection), std::move(*head)};
  }
};

struct ResponseStream::State {
  std::shared_ptr<Client::Impl> client;
  std::unique_ptr<Connection> connection;
  Connection::Head head;

  ~State() {
    if (client) client->give_back(std::move(connection));
  }
};

ResponseStream::ResponseStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
ResponseStream::ResponseStream(ResponseStream&&) noexcept = default;
ResponseStream& ResponseStream::operator=(ResponseStream&&) noexcept = default;
ResponseStream::~ResponseStream() = default;

int ResponseStream::status() const {
  return state_->head.status;
}
const Headers& ResponseStream::headers() const {
  return state_->head.headers;
}

asio::awaitable<Result<std::size_t>> ResponseStream::read_some(std::span<char> buffer,
                                                               std::chrono::milliseconds silence) {
  auto got = co_await state_->connection->read_some(buffer, silence);
  if (!got) co_return fail(std::move(got.error()).wrap(state_->client->server));
  co_return *got;
}

Result<std::shared_ptr<Client>> Client::make(asio::any_io_executor executor, const Url& server,
                                             const TlsOptions& tls, ClientOptions options) {
  auto impl = std::make_shared<Impl>();
  impl->executor = std::move(executor);
  impl->url = server;
  impl->tls_options = tls;
  impl->options = options;
  impl->server = fmt::format("{}://{}:{}", server.tls ? "https" : "http", server.host, server.port);
  if (server.tls) {
    auto& context = impl->tls.emplace(ssl::context::tls_client);
    boost::system::error_code error;
    SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
    context.set_verify_mode(tls.insecure ? ssl::verify_none : ssl::verify_peer, error);
    if (tls.ca.empty()) {
      context.set_default_verify_paths(error);
    } else {
      context.add_certificate_authority(asio::buffer(tls.ca), error);
      // Who is named here is trusted, also where another authority has signed for it.
      X509_STORE_set_flags(SSL_CTX_get_cert_store(context.native_handle()), X509_V_FLAG_PARTIAL_CHAIN);
    }
    if (error) return fail(Errc::invalid_argument, "certificate authority: " + error.message());
    if (!tls.certificate.empty()) {
      context.use_certificate_chain(asio::buffer(tls.certificate), error);
      if (error) return fail(Errc::invalid_argument, "client certificate: " + error.message());
      context.use_private_key(asio::buffer(tls.key), ssl::context::pem, error);
      if (error) return fail(Errc::invalid_argument, "client key: " + error.message());
    }
  }
  return std::shared_ptr<Client>(new Client(std::move(impl)));
}

Client::Client(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

const std::string& Client::server() const {
  return impl_->server;
}

asio::awaitable<Result<ResponseStream>> Client::open(Request request,
                                                     std::chrono::milliseconds head_timeout) {
  auto exchanged = co_await impl_->exchange(request, head_timeout);
  if (!exchanged) co_return fail(std::move(exchanged.error()));
  auto state = std::make_unique<ResponseStream::State>();
  state->client = impl_;
  state->connection = std::move(exchanged->connection);
  state->head = std::move(exchanged->head);
  co_return ResponseStream(std::move(state));
}

asio::awaitable<Result<Response>> Client::send(Request request) {
  auto stream = co_await open(std::move(request), impl_->options.io_timeout);
  if (!stream) co_return fail(std::move(stream.error()));
  Response response{stream->status(), stream->headers(), {}};
  constexpr std::size_t step = 16 << 10;
  while (true) {
    const auto before = response.body.size();
    response.body.resize(before + step);
    auto got =
        co_await stream->read_some(std::span(response.body).subspan(before), impl_->options.io_timeout);
    if (!got) co_return fail(std::move(got.error()));
    response.body.resize(before + *got);
    if (*got == 0) co_return response;
    if (response.body.size() > impl_->options.max_body) {
      co_return fail(Errc::out_of_range, fmt::format("{}: the answer is longer than {} bytes", impl_->server,
                                                     impl_->options.max_body));
    }
  }
}

}  // namespace actimanager::net

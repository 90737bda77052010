#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <catch2/catch_test_macros.hpp>

#include <actimanager/net/client.hpp>

#include "certificates.hpp"
#include "fixture.hpp"

using namespace actimanager;
using namespace actimanager::net;
using namespace actimanager::net::testing;
namespace ssl = boost::asio::ssl;
using asio::ip::tcp;

namespace {

const Certificate& authority() {
  static const Certificate made = make_authority("test authority");
  return made;
}

// Takes one connection, shakes hands and answers one request with the name of the client's certificate.
struct TlsPeerFake {
  asio::io_context context;
  ssl::context tls{ssl::context::tls_server};
  tcp::acceptor acceptor{context, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
  std::string server_name_sent;
  const Certificate certificate = make_certificate("api.test", authority());

  TlsPeerFake() {
    tls.use_certificate_chain(asio::buffer(certificate.certificate));
    tls.use_private_key(asio::buffer(certificate.key), ssl::context::pem);
    tls.set_verify_mode(ssl::verify_peer);  // a client without a certificate is let in all the same
    tls.add_certificate_authority(asio::buffer(authority().certificate));
  }
  asio::awaitable<void> serve() {
    ssl::stream<tcp::socket> stream(co_await acceptor.async_accept(asio::use_awaitable), tls);
    boost::system::error_code error;
    const auto done = [&error] { return asio::redirect_error(asio::use_awaitable, error); };
    co_await stream.async_handshake(ssl::stream_base::server, done());
    if (error) co_return;
    const auto* sent = SSL_get_servername(stream.native_handle(), TLSEXT_NAMETYPE_host_name);
    if (sent != nullptr) server_name_sent = sent;
    std::string body = "nobody";
    if (auto* peer = SSL_get1_peer_certificate(stream.native_handle())) {
      char name[100] = {};
      X509_NAME_get_text_by_NID(X509_get_subject_name(peer), NID_commonName, name, sizeof name);
      X509_free(peer);
      body = name;
    }
    std::string request;
    co_await asio::async_read_until(stream, asio::dynamic_buffer(request), "\r\n\r\n", done());
    const auto answer = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
                        "\r\nConnection: close\r\n\r\n" + body;
    co_await asio::async_write(stream, asio::buffer(answer), done());
  }
  Result<Response> ask(const TlsOptions& options, const std::string& host = "127.0.0.1") {
    const Url url{true, host, std::to_string(acceptor.local_endpoint().port()), ""};
    const auto client =
        value_or_throw(Client::make(context.get_executor(), url, options, {.connect_timeout = 2s}));
    asio::co_spawn(context, serve(), [](std::exception_ptr) {});
    Result<Response> outcome;
    run(context, [](Client& caller, Result<Response>& out) -> asio::awaitable<void> {
      out = co_await caller.send({});
    }(*client, outcome));
    return outcome;
  }
};

}  // namespace

TEST_CASE("TLS: a server with a certificate of the right authority and name is believed") {
  TlsPeerFake peer;
  CHECK(peer.ask({.ca = authority().certificate}).value().body == "nobody");
  CHECK(peer.server_name_sent.empty());  // an address is no name
  CHECK(peer.ask({.ca = authority().certificate, .server_name = "api.test"}).value().status == 200);
  CHECK(peer.server_name_sent == "api.test");
}

TEST_CASE("TLS: whoever is named as an authority is one, also where another has signed for it") {
  TlsPeerFake peer;
  CHECK(peer.ask({.ca = peer.certificate.certificate}).value().status == 200);
}

TEST_CASE("TLS: any other server is not, unless it need not be verified") {
  TlsPeerFake peer;
  const TlsOptions strangers[] = {
      {.ca = make_authority("somebody else").certificate},
      {.ca = authority().certificate, .server_name = "other.test"},
      {.ca = authority().certificate, .server_name = "127.0.0.2"},
      {},  // the system's authorities
  };
  for (const auto& options : strangers) {
    const auto response = peer.ask(options);
    REQUIRE_FALSE(response);
    CHECK(response.error().code == Errc::unavailable);
    CHECK(has(response.error().context, "TLS handshake: "));
  }
  CHECK(peer.ask({.insecure = true}).value().status == 200);
}

TEST_CASE("TLS: a client's certificate is shown") {
  TlsPeerFake peer;
  const auto own = make_certificate("system:node:a", authority());
  const auto response =
      peer.ask({.ca = authority().certificate, .certificate = own.certificate, .key = own.key});
  CHECK(response.value().body == "system:node:a");
}

TEST_CASE("TLS: certificates and keys that are none are named") {
  asio::io_context context;
  const auto own = make_certificate("x", authority());
  const auto error_of = [&](const TlsOptions& options) {
    const auto client = Client::make(context.get_executor(), {true, "host", "443", ""}, options);
    REQUIRE_FALSE(client);
    CHECK(client.error().code == Errc::invalid_argument);
    return client.error().context;
  };
  CHECK(error_of({.ca = "nonsense"}).starts_with("certificate authority: "));
  CHECK(error_of({.certificate = "nonsense", .key = own.key}).starts_with("client certificate: "));
  CHECK(error_of({.certificate = own.certificate, .key = "nonsense"}).starts_with("client key: "));
  CHECK(error_of({.certificate = own.certificate, .key = authority().key}).starts_with("client key: "));
}

TEST_CASE("TLS: a peer that does not shake hands is given up") {
  asio::io_context context;
  tcp::acceptor acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  const Url url{true, "127.0.0.1", std::to_string(acceptor.local_endpoint().port()), ""};
  const auto client =
      value_or_throw(Client::make(context.get_executor(), url, {}, {.connect_timeout = 20ms}));
  run(context, [](Client& caller) -> asio::awaitable<void> {
    const auto response = co_await caller.send({});
    REQUIRE_FALSE(response);
    CHECK(response.error().code == Errc::unavailable);
  }(*client));
}

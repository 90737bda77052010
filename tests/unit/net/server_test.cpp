#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <actimanager/net/server.hpp>

#include "fixture.hpp"

using namespace actimanager;
using namespace actimanager::net;
using namespace actimanager::net::testing;

TEST_CASE_METHOD(ServerFixture, "Server: requests follow each other on one connection, also sent ahead") {
  play([&]() -> asio::awaitable<void> {
    auto client = connect();
    co_await client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    const auto first = co_await client.answer();
    CHECK(first.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(first.ends_with("\r\n\r\nGET /a"));
    CHECK(has(first, "Server: actimanager\r\n"));
    co_await client.send("GET /b?x=1 HTTP/1.1\r\nHost: h\r\n\r\nDELETE /c HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK((co_await client.answer()).ends_with("GET /b?x=1"));
    CHECK((co_await client.answer()).ends_with("DELETE /c"));
  });
}

TEST_CASE_METHOD(ServerFixture, "Server: a whole URL is asked for as its path") {
  play([&]() -> asio::awaitable<void> {
    auto client = connect();
    co_await client.send("GET http://h:8089/a?b HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK((co_await client.answer()).ends_with("\r\n\r\nGET /a?b"));
    co_await client.send("GET http://h HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK((co_await client.answer()).ends_with("\r\n\r\nGET /"));
    co_await client.send("GET /a HTTP/1.0\r\n\r\n");  // which knew no Host yet
    CHECK((co_await client.answer()).ends_with("\r\n\r\nGET /a"));
  });
}

TEST_CASE_METHOD(ServerFixture, "Server: who waits to be told to send a body is told") {
  play([&]() -> asio::awaitable<void> {
    auto client = connect();
    co_await client.send("PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-Continue\r\n\r\n");
    CHECK(co_await client.answer() == "HTTP/1.1 100 Continue\r\n\r\n");
    co_await client.send("body");
    CHECK((co_await client.answer()).ends_with("\r\n\r\nPUT /a"));
  });
}

TEST_CASE_METHOD(ServerFixture, "Server: HEAD is answered with GET's head alone") {
  play([&]() -> asio::awaitable<void> {
    auto client = connect();
    co_await client.send("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
    const auto head = co_await client.answer(true);
    CHECK(has(head, "Content-Length: 6\r\n"));
    CHECK(head.ends_with("\r\n\r\n"));
    CHECK((co_await client.answer()).ends_with("GET /b"));
  });
}

TEST_CASE_METHOD(ServerFixture, "Server: closes after an answer where the client asks for it") {
  const auto* request =
      GENERATE("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "GET /a HTTP/1.0\r\n\r\n");
  play([&]() -> asio::awaitable<void> {
    auto client = connect();
    co_await client.send(request);
    const auto all = co_await client.rest();
    CHECK(has(all, "Connection: close\r\n"));
    CHECK(all.ends_with("GET /a"));
  });
}

TEST_CASE_METHOD(ServerFixture, "Server: what the handler answers is what the client gets") {
  handler = [](const Request& request) {
    Response response{request.target == "/" ? 405 : 404, {}, "{\"error\":\"no\"}"};
    response.headers.add("Allow", "GET, HEAD");
    response.headers.add("Content-Type", "application/json");
    const auto* agent = request.headers.find("user-agent");
    if (agent != nullptr) response.headers.add("X-Agent", *agent);
    return response;
  };
  play([&]() -> asio::awaitable<void> {
    auto client = connect();
    co_await client.send("POST / HTTP/1.1\r\nHost: h\r\nUser-Agent: me\r\nContent-Length: 3\r\n\r\nabc");
    const auto answer = co_await client.answer();
    CHECK(answer.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"));
    CHECK(has(answer, "Allow: GET, HEAD\r\n"));
    CHECK(has(answer, "Content-Type: application/json\r\n"));
    CHECK(has(answer, "X-Agent: me\r\n"));
    CHECK(answer.ends_with("{\"error\":\"no\"}"));
    co_await client.send("GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK((co_await client.answer()).starts_with("HTTP/1.1 404 Not Found\r\n"));
  });
}

TEST_CASE_METHOD(ServerFixture, "Server: a handler that throws fails one request, not the server") {
  handler = [](const Request& request) -> Response {
    if (request.target == "/bad") throw std::runtime_error("out of luck");
    return {200, {}, "fine"};
  };
  play([&]() -> asio::awaitable<void> {
    auto client = connect();
    co_await client.send("GET /bad HTTP/1.1\r\nHost: h\r\n\r\nGET /good HTTP/1.1\r\nHost: h\r\n\r\n");
    const auto answer = co_await client.answer();
    CHECK(answer.starts_with("HTTP/1.1 500 "));
    CHECK(answer.ends_with("500 out of luck"));
    CHECK((co_await client.answer()).ends_with("fine"));
  });
}

TEST_CASE_METHOD(ServerFixture, "Server: a client that goes away in the middle harms nobody") {
  play([&]() -> asio::awaitable<void> {
    for (const auto* piece : {"", "GET", "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab"}) {
      auto client = connect();
      co_await client.send(piece);
      client.socket().set_option(asio::socket_base::linger(true, 0));  // a reset
      client.socket().close();
    }
    auto client = connect();
    co_await client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK((co_await client.answer()).ends_with("GET /a"));
  });
}

TEST_CASE_METHOD(ServerFixture, "Server: open connections end with it") {
  std::optional<RawClient> idle;
  play([&]() -> asio::awaitable<void> {
    idle.emplace(context, server->port());
    co_await idle->send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    co_await idle->answer();
  });  // returns, although nobody closed that connection
  run(context,
      [](RawClient& client) -> asio::awaitable<void> { CHECK((co_await client.rest()).empty()); }(*idle));
}

TEST_CASE("Server: an address that cannot be listened on is named") {
  struct Row {
    const char* address;
    const char* message;
  };
  const auto row = GENERATE(Row{"8089", "\"8089\": expected host:port or :port"},
                            Row{":", "\":\": the port is not a number from 0 to 65535"},
                            Row{":65536", "\":65536\": the port is not a number from 0 to 65535"},
                            Row{":-1", "\":-1\": the port is not a number from 0 to 65535"},
                            Row{":80x", "\":80x\": the port is not a number from 0 to 65535"},
                            Row{"localhost:80", "\"localhost:80\": the host is not an IP address"},
                            Row{"[::1:80", "\"[::1:80\": the host is not an IP address"});
  asio::io_context context;
  const auto server = Server::listen(context.get_executor(), row.address, {}, {});
  REQUIRE_FALSE(server);
  CHECK(server.error().code == Errc::invalid_argument);
  CHECK(server.error().context == row.message);
}

TEST_CASE("Server: a port that is taken is unavailable, port 0 is any free one") {
  asio::io_context context;
  const auto first = Server::listen(context.get_executor(), ":0", {}, {});
  REQUIRE(first);
  CHECK((*first)->port() != 0);
  const auto address = "0.0.0.0:" + std::to_string((*first)->port());
  const auto second = Server::listen(context.get_executor(), address, {}, {});
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Errc::unavailable);
  CHECK(second.error().context.starts_with("listen on " + address + ": "));
}

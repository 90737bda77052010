#include <filesystem>
#include <optional>
#include <ranges>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <actimanager/net/client.hpp>

#include "fixture.hpp"
#include "scripted_server.hpp"

using namespace actimanager;
using namespace actimanager::net;
using namespace actimanager::net::testing;

namespace {

struct ClientFixture {
  asio::io_context context;
  ScriptedServerFake server{context};

  std::shared_ptr<Client> client(ClientOptions options = {}) {
    return value_or_throw(Client::make(context.get_executor(), server.url(), {}, options));
  }
  template <class Body>
  void play(Body body) {
    run(context, [](ScriptedServerFake& peer, Body script) -> asio::awaitable<void> {
      std::exception_ptr failure;
      try {
        co_await script();
      } catch (...) {
        failure = std::current_exception();
      }
      peer.stop();
      if (failure) std::rethrow_exception(failure);
    }(server, std::move(body)));
  }
};

const Reply chunked{
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"};

std::ptrdiff_t open_files() {
  return std::ranges::distance(std::filesystem::directory_iterator("/proc/self/fd"));
}

}  // namespace

TEST_CASE_METHOD(ClientFixture, "Client: sends what it is given and takes the answer whole") {
  server.replies = {reply(201, "made", "X-Some: thing\r\n")};
  play([&]() -> asio::awaitable<void> {
    Request request{"POST", "/path?q=1", {}, "body"};
    request.headers.add("Accept", "text/plain");
    const auto response = (co_await client()->send(request)).value();
    CHECK(response.status == 201);
    CHECK(response.body == "made");
    REQUIRE(response.headers.find("x-some") != nullptr);
    CHECK(*response.headers.find("x-some") == "thing");
  });
  const auto& sent = server.requests.at(0);
  CHECK(sent.starts_with("POST /path?q=1 HTTP/1.1\r\nHost: 127.0.0.1:" + server.url().port + "\r\n"));
  CHECK(has(sent, "Accept: text/plain\r\n"));
  CHECK(has(sent, "Content-Length: 4\r\n"));
  CHECK(sent.ends_with("\r\n\r\nbody"));
}

TEST_CASE_METHOD(ClientFixture,
                 "Client: bodies end where their length, their last chunk or the connection does") {
  server.replies = {reply(200, "hello world"), chunked, {"HTTP/1.1 200 OK\r\n\r\nhello world", true}};
  play([&]() -> asio::awaitable<void> {
    const auto shared = client();
    for (int i = 0; i < 3; ++i) CHECK((co_await shared->send({})).value().body == "hello world");
  });
  CHECK(server.connections == 1);
}

TEST_CASE_METHOD(ClientFixture, "Client: answers without a body are not waited for") {
  const auto row = GENERATE(std::pair{"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n"},
                            std::pair{"GET", "HTTP/1.1 204 No Content\r\n\r\n"},
                            std::pair{"GET", "HTTP/1.1 304 Not Modified\r\n\r\n"},
                            std::pair{"DELETE", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"});
  server.replies = {{row.second}, reply(200, "next")};
  play([&]() -> asio::awaitable<void> {
    const auto shared = client();
    CHECK((co_await shared->send({.method = row.first})).value().body.empty());
    CHECK((co_await shared->send({})).value().body == "next");
  });
  CHECK(server.connections == 1);
}

TEST_CASE_METHOD(ClientFixture, "Client: a connection is used again unless its answer forbids it") {
  server.replies = {reply(200, "a"), reply(200, "b", "Connection: close\r\n"), reply(200, "c"), chunked,
                    reply(200, "d")};
  play([&]() -> asio::awaitable<void> {
    const auto shared = client();
    for (int i = 0; i < 3; ++i) co_await shared->send({});
    {
      auto unread = co_await shared->open({}, 1s);
      REQUIRE(unread);
      char byte = 0;
      CHECK((co_await unread->read_some({&byte, 1}, 1s)).value() == 1);
    }  // given up in the middle
    CHECK((co_await shared->send({})).value().body == "d");
  });
  CHECK(server.connections == 3);
}

TEST_CASE_METHOD(ClientFixture, "Client: no more connections are kept than it is told to") {
  server.replies = {chunked, chunked, chunked, reply(200, ""), reply(200, "")};
  play([&]() -> asio::awaitable<void> {
    const auto shared = client({.max_idle = 1});
    std::vector<ResponseStream> open;
    for (int i = 0; i < 3; ++i) open.push_back((co_await shared->open({}, 1s)).value());
    for (auto& stream : open) {
      char buffer[100];
      while ((co_await stream.read_some(buffer, 1s)).value() > 0) {
      }
    }
    open.clear();
    co_await shared->send({});
    co_await shared->send({});
  });
  CHECK(server.connections == 3);
}

TEST_CASE_METHOD(ClientFixture, "Client: an idle connection that the server has closed is not kept") {
  server.replies = {{reply(200, "").bytes, true}, chunked, reply(200, "")};
  play([&]() -> asio::awaitable<void> {
    const auto shared = client();
    const auto before = open_files();
    {
      std::optional first((co_await shared->open({}, 1s)).value());
      auto second = (co_await shared->open({}, 1s)).value();
      char buffer[100];
      while ((co_await second.read_some(buffer, 1s)).value() > 0) {
      }
      first.reset();
    }
    CHECK(open_files() == before + 2);  // the two ends of the second
    co_await shared->send({});
  });
  CHECK(server.connections == 2);
}

TEST_CASE_METHOD(ClientFixture,
                 "Client: what a closed idle connection may have swallowed is sent again if it is safe") {
  const bool safe = GENERATE(true, false);
  // The connection is closed when the second request has come, as a server does whose idle timeout runs out.
  server.replies = {reply(200, "first"), {"", true}, reply(200, "again")};
  play([&]() -> asio::awaitable<void> {
    const auto shared = client();
    co_await shared->send({});
    const auto second = co_await shared->send({.method = safe ? "GET" : "POST"});
    CHECK(second.has_value() == safe);
    if (!safe) CHECK(second.error().code == Errc::unavailable);
  });
  CHECK(server.requests.size() == (safe ? 3 : 2));
}

TEST_CASE_METHOD(ClientFixture, "Client: an answer that breaks off is unavailable, and names the server") {
  const auto* bytes =
      GENERATE("", "HTTP/1.1 200 OK\r\nConte", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n", "garbage\r\n\r\n");
  CAPTURE(bytes);
  server.replies = {{bytes, true}};
  play([&]() -> asio::awaitable<void> {
    const auto response = co_await client()->send({.method = "POST"});
    REQUIRE_FALSE(response);
    CHECK(response.error().code == Errc::unavailable);
    CHECK(response.error().context.starts_with("http://127.0.0.1:" + server.url().port + ": receive: "));
  });
}

TEST_CASE_METHOD(ClientFixture, "Client: silence is not waited out") {
  const auto* bytes =
      GENERATE("", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
  server.replies = {{bytes}};
  play([&]() -> asio::awaitable<void> {
    const auto response = co_await client({.io_timeout = 20ms})->send({});
    REQUIRE_FALSE(response);
    CHECK(response.error().code == Errc::unavailable);
  });
}

TEST_CASE_METHOD(ClientFixture, "Client: who has been silent once is asked on a new connection") {
  server.replies = {reply(200, "a"), reply(200, "b"), {"HTTP/1.1 200"}, reply(200, "c")};
  play([&]() -> asio::awaitable<void> {
    const auto shared = client({.io_timeout = 20ms});
    {
      auto first = (co_await shared->open({}, 5s)).value();
      CHECK((co_await shared->send({})).value().body == "b");
      char body[2];
      while ((co_await first.read_some(body, 5s)).value() > 0) continue;
    }
    CHECK_FALSE(co_await shared->send({"POST", "/", {}, {}}));
    const auto before = server.connections;
    CHECK((co_await shared->send({})).value().body == "c");
    CHECK(server.connections == before + 1);
  });
}

TEST_CASE_METHOD(ClientFixture, "Client: an answer that another one follows is none") {
  server.replies = {
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + reply(409, "no").bytes},
      reply(200, "next")};
  play([&]() -> asio::awaitable<void> {
    const auto shared = client();
    const auto response = (co_await shared->send({})).value();
    CHECK(response.status == 409);
    CHECK(response.body == "no");
    CHECK(response.headers.find("Link") == nullptr);
    CHECK((co_await shared->send({})).value().body == "next");
    CHECK(server.connections == 1);
  });
}

TEST_CASE_METHOD(ClientFixture, "Client: what follows an answer unasked is nobody's answer") {
  server.replies = {{reply(200, "asked").bytes + reply(500, "not asked").bytes}, reply(200, "asked, too")};
  play([&]() -> asio::awaitable<void> {
    const auto shared = client();
    CHECK((co_await shared->send({})).value().body == "asked");
    CHECK((co_await shared->send({})).value().body == "asked, too");
    CHECK(server.connections == 2);
  });
}

TEST_CASE_METHOD(ClientFixture, "Client: what is longer than its limits is out of range") {
  server.replies = {
      reply(200, std::string(5000, 'x')),
      {"HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(1'000'000, 'x')}};
  play([&]() -> asio::awaitable<void> {
    const auto shared = client({.max_body = 4999});
    for (int i = 0; i < 3; ++i) {
      const auto response = co_await shared->send({});
      REQUIRE_FALSE(response);
      CHECK(response.error().code == Errc::out_of_range);
    }
  });
}

TEST_CASE_METHOD(ClientFixture, "Client: a server is found by its name, or is not") {
  server.replies = {reply(200, "by name")};
  auto url = server.url();
  play([&]() -> asio::awaitable<void> {
    url.host = "localhost";
    const auto named = value_or_throw(Client::make(context.get_executor(), url, {}));
    CHECK((co_await named->send({})).value().body == "by name");
    url.host = "no-such-name.invalid";
    const auto nobody = value_or_throw(Client::make(context.get_executor(), url, {}));
    const auto response = co_await nobody->send({});
    REQUIRE_FALSE(response);
    CHECK(has(response.error().context, "no-such-name.invalid"));
    // The name is known by then, or not: too late.
    const auto hasty =
        value_or_throw(Client::make(context.get_executor(), url, {}, {.connect_timeout = 0ms}));
    CHECK(has((co_await hasty->send({})).error().context, "timed out"));
  });
}

TEST_CASE_METHOD(ClientFixture, "Client: a server that is not there is unavailable") {
  server.stop();
  auto url = server.url();
  play([&]() -> asio::awaitable<void> {
    for (const auto* host : {"127.0.0.1", "::1"}) {
      url.host = host;
      const auto nobody = value_or_throw(Client::make(context.get_executor(), url, {}));
      const auto response = co_await nobody->send({});
      REQUIRE_FALSE(response);
      CHECK(response.error().code == Errc::unavailable);
      CHECK(has(response.error().context, ": connect: "));
    }
  });
}

TEST_CASE_METHOD(ClientFixture, "Client: cancelling the caller ends its request") {
  server.replies = {{""}};
  std::exception_ptr thrown;
  asio::cancellation_signal stop;
  const auto shared = client();
  asio::co_spawn(
      context, [&]() -> asio::awaitable<void> { co_await shared->send({}); },
      asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr failure) {
        thrown = std::move(failure);
        server.stop();
      }));
  while (server.requests.empty()) context.run_one();
  stop.emit(asio::cancellation_type::terminal);
  context.run();
  REQUIRE(thrown);
  CHECK_THROWS_AS(std::rethrow_exception(thrown), boost::system::system_error);
}

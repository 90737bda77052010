// What a server does with clients that send too much, too slowly, or nothing that makes sense.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <actimanager/async/event.hpp>

#include "fixture.hpp"

using namespace actimanager;
using namespace actimanager::net;
using namespace actimanager::net::testing;

TEST_CASE_METHOD(ServerFixture, "Server: a header beyond the limit is 431") {
  options.max_header = 1000;
  play([&]() -> asio::awaitable<void> {
    auto fits = connect();
    co_await fits.send("GET /a HTTP/1.1\r\nHost: h\r\nX: " + std::string(900, 'x') + "\r\n\r\n");
    CHECK((co_await fits.answer()).ends_with("GET /a"));
    auto client = connect();
    co_await client.send("GET /a HTTP/1.1\r\nHost: h\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n");
    const auto all = co_await client.rest();
    CHECK(all.starts_with("HTTP/1.1 431 "));
    CHECK(has(all, "Connection: close\r\n"));
  });
}

TEST_CASE_METHOD(ServerFixture, "Server: a body beyond the limit is 413, and the client gets to read it") {
  options.max_body = 1000;
  const bool chunked = GENERATE(false, true);
  play([&]() -> asio::awaitable<void> {
    auto client = connect();
    const std::string body(10'000, 'x');
    if (chunked) {
      co_await client.send("PUT /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2710\r\n" + body +
                           "\r\n0\r\n\r\n");
    } else {
      co_await client.send("PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10000\r\n\r\n" + body);
    }
    CHECK((co_await client.rest()).starts_with("HTTP/1.1 413 "));
    auto next = connect();
    co_await next.send("PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n" + body.substr(0, 1000));
    CHECK((co_await next.answer()).ends_with("PUT /a"));
  });
}

TEST_CASE_METHOD(ServerFixture, "Server: what comes beside a body is limited, too") {
  const auto* beginning = GENERATE("1;", "0\r\nX: ");  // a chunk's extension, a trailer
  play([&]() -> asio::awaitable<void> {
    auto client = connect();
    co_await client.send(std::string("PUT /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n") +
                         beginning + std::string(200'000, 'x'));
    CHECK((co_await client.rest()).starts_with("HTTP/1.1 4"));
  });
}

TEST_CASE_METHOD(ServerFixture, "Server: what is no HTTP is 400 and the end of the connection") {
  const auto* garbage =
      GENERATE("hello\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n",
               "GET / HTTP/1.1\r\nHost: h\r\nNo colon\r\n\r\n", "\x16\x03\x01\x02\x01\x01\x01\xfc\x03\x03",
               "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
               "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n",
               "GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
               "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n");
  CAPTURE(garbage);
  play([&]() -> asio::awaitable<void> {
    auto client = connect();
    co_await client.send(garbage);
    CHECK((co_await client.rest()).starts_with("HTTP/1.1 4"));
  });
}

TEST_CASE_METHOD(ServerFixture, "Server: a connection on which nothing comes is closed") {
  options.idle_timeout = 20ms;
  play([&]() -> asio::awaitable<void> {
    auto silent = connect();
    CHECK((co_await silent.rest()).empty());
    auto idle = connect();
    co_await idle.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK((co_await idle.rest()).ends_with("GET /a"));
  });
}

TEST_CASE_METHOD(ServerFixture, "Server: a request must end soon after it has begun") {
  options.request_timeout = 20ms;
  const auto* beginning = GENERATE("G", "GET / HTTP/1.1\r\nHost: h\r\n",
                                   "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab");
  play([&]() -> asio::awaitable<void> {
    auto client = connect();
    co_await client.send(beginning);
    CHECK((co_await client.rest()).empty());
  });
}

TEST_CASE_METHOD(ServerFixture, "Server: a client that does not read is given up") {
  options.write_timeout = 20ms;
  handler = [](const Request&) { return Response{200, {}, std::string(64 << 20, 'x')}; };
  play([&]() -> asio::awaitable<void> {
    auto lazy = connect();
    co_await lazy.send("GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
    co_await async::sleep_for(500ms);
    CHECK((co_await lazy.rest()).size() < (64 << 20));
  });
}

TEST_CASE_METHOD(ServerFixture, "Server: beyond the limit, those who have not asked for longest make room") {
  options.max_connections = 4;
  play([&]() -> asio::awaitable<void> {
    std::vector<RawClient> silent;
    for (int i = 0; i < 4; ++i) silent.push_back(connect());
    co_await silent[1].send("GET /a HTTP/1.1\r\nHost: h\r\n");  // which does not end
    for (int i = 0; i < 20; ++i) {
      auto next = connect();
      co_await next.send("GET /next HTTP/1.1\r\nHost: h\r\n\r\n");
      CHECK((co_await next.answer()).ends_with("GET /next"));
      silent.push_back(connect());
    }
    for (int i = 0; i < 4; ++i) CHECK((co_await silent[i].rest()).empty());
    co_await silent.back().send("GET /last HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK((co_await silent.back().answer()).ends_with("GET /last"));
  });
}

TEST_CASE_METHOD(ServerFixture, "Server: where it is crowded no connection is kept") {
  options.max_connections = 4;
  options.request_timeout = 20ms;  // and idle ones have as long as a request
  play([&]() -> asio::awaitable<void> {
    std::vector<RawClient> idle;
    for (int i = 0; i < 3; ++i) {
      idle.push_back(connect());
      co_await idle.back().send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
      const auto answer = co_await idle.back().answer();
      CHECK(has(answer, "Connection: close\r\n") == (i == 2));
    }
    auto silent = connect();
    CHECK((co_await silent.rest()).empty());
  });
}

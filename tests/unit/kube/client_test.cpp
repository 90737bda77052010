#include <filesystem>
#include <fstream>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <actimanager/kube/client.hpp>
#include <actimanager/kube/errors.hpp>

#include "api_server_fake.hpp"
#include "run.hpp"

namespace actimanager::kube {
namespace {

namespace asio = boost::asio;
using namespace testing;
using nlohmann::json;
using namespace std::chrono_literals;

struct Fixture {
  asio::io_context context;
  ApiServerFake server{context};

  template <class Body>
  void play(Body body) {
    run(context, [](ApiServerFake& peer, Body script) -> asio::awaitable<void> {
      co_await script();
      peer.stop();
    }(server, std::move(body)));
  }
};

TEST_CASE_METHOD(Fixture, "Client: requests follow each other on one connection") {
  server.replies = {reply(200, R"({"n":1})"), reply(201, R"({"n":2})"), reply(200, "{}")};
  const auto client = server.client();
  play([&]() -> asio::awaitable<void> {
    const auto got = co_await client->get(resource<api::Pod>("default", "web"));
    CHECK(got.value() == json{{"n", 1}});
    CHECK((co_await client->create(resource<api::Pod>("default"), {{"x", 1}})).value() == json{{"n", 2}});
    CHECK(
        co_await client->remove(resource<api::Pod>("default", "web"), {.uid = "u1", .resource_version = {}}));
  });
  CHECK(server.connections == 1);
  REQUIRE(server.requests.size() == 3);
  CHECK(server.requests[0].starts_with("GET /api/v1/namespaces/default/pods/web HTTP/1.1\r\n"));
  CHECK(server.requests[1].ends_with("\r\n\r\n{\"x\":1}"));
  CHECK(server.requests[2].find(R"("preconditions":{"uid":"u1"})") != std::string::npos);
  CHECK(client->request_counts().at({"create", 201}) == 1);
}

TEST_CASE_METHOD(Fixture, "Client: an answer that nobody looks at is still read to its end") {
  const auto conflict = R"({"kind":"Status","reason":"AlreadyExists","message":"there is one"})";
  server.replies = {reply(201, std::string(100'000, 'x')),
                    reply(409, conflict),
                    reply(200, "not JSON"),
                    {"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{\"a\":", true}};
  const auto client = server.client();
  play([&]() -> asio::awaitable<void> {
    const auto pods = resource<api::Pod>("default");
    CHECK(co_await client->post(pods, {{"x", 1}}));
    const auto refused = co_await client->post(pods, {{"x", 1}});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ApiErrc::already_exists);
    CHECK(co_await client->remove(resource<api::Pod>("default", "web")));
    const auto cut = co_await client->post(pods, {{"x", 1}});
    REQUIRE_FALSE(cut);
    CHECK(cut.error().code == Errc::unavailable);
    CHECK(cut.error().context.starts_with("create pods: "));
  });
  CHECK(server.connections == 1);
  CHECK(server.requests.at(0).starts_with("POST /api/v1/namespaces/default/pods HTTP/1.1\r\n"));
  CHECK(server.requests.at(0).ends_with("\r\n\r\n{\"x\":1}"));
  CHECK(client->request_counts().at({"create", 201}) == 2);
}

TEST_CASE_METHOD(Fixture, "Client: patches carry their type and field manager") {
  server.replies = {reply(200, "{}"), reply(200, "{}")};
  const auto client = server.client();
  play([&]() -> asio::awaitable<void> {
    CHECK(co_await client->patch(resource<api::Node>("", "n"), {{"a", 1}}, {.type = PatchType::json}));
    CHECK(co_await client->patch(resource<api::Node>("", "n"), {{"a", 1}},
                                 {.type = PatchType::apply, .force = true}));
  });
  CHECK(server.requests.at(0).find("Content-Type: application/json-patch+json") != std::string::npos);
  CHECK(server.requests.at(1).starts_with("PATCH /api/v1/nodes/n?fieldManager=actimanager&force=true "));
  CHECK(server.requests.at(1).find("application/apply-patch+yaml") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "Client: errors are codes with the server's words") {
  server.replies = {
      reply(409, R"({"kind":"Status","reason":"AlreadyExists","message":"pods \"web\" already exists"})"),
      reply(200, "[1]"), reply(200, "{\"a\":"), reply(302, "")};
  const auto client = server.client();
  play([&]() -> asio::awaitable<void> {
    auto created = co_await client->create(resource<api::Pod>("default"), json::object());
    REQUIRE_FALSE(created);
    CHECK(created.error().code == ApiErrc::already_exists);
    CHECK(created.error().context == "create pods: pods \"web\" already exists");
    CHECK((co_await client->get(resource<api::Node>("", "n"))).error().code == ApiErrc::unexpected);
    CHECK((co_await client->get(resource<api::Node>("", "n"))).error().code == ApiErrc::unexpected);
    const auto posted = co_await client->post(resource<api::Pod>("default"), json::object());
    REQUIRE_FALSE(posted);
    CHECK(posted.error().message().contains("create pods: HTTP status 302"));
  });
}

TEST_CASE_METHOD(Fixture, "Client: an answer that is cut short, or never comes, is unavailable") {
  server.replies = {{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":", true},
                    {"HTTP/1.1 garbage\r\n\r\n", true},
                    {"", false}};
  const auto client = server.client(50ms);
  play([&]() -> asio::awaitable<void> {
    for (int i = 0; i < 2; ++i) {
      auto got = co_await client->get(resource<api::Node>("", "n"));
      REQUIRE_FALSE(got);
      CHECK(got.error().code == Errc::unavailable);
    }
  });
}

TEST_CASE_METHOD(Fixture, "Client: a connection that was closed while idle costs nothing") {
  server.replies = {{reply(200, "{}").bytes, true}, reply(201, "{}")};
  const auto client = server.client();
  play([&]() -> asio::awaitable<void> {
    CHECK(co_await client->get(resource<api::Node>("", "n")));
    CHECK(co_await client->create(resource<api::Pod>("default"), json::object()));
  });
  CHECK(server.connections == 2);
}

TEST_CASE_METHOD(Fixture, "Client: waits as Retry-After says, and gives up after four attempts") {
  const auto later = reply(429, "{}", "Retry-After: 0\r\n");
  server.replies = {later, reply(200, "{}"), later, later, later, later, reply(503, "{}")};
  const auto client = server.client();
  play([&]() -> asio::awaitable<void> {
    CHECK(co_await client->get(resource<api::Node>("", "n")));
    CHECK((co_await client->get(resource<api::Node>("", "n"))).error().code == ApiErrc::too_many_requests);
    CHECK((co_await client->get(resource<api::Node>("", "n"))).error().code == ApiErrc::server_error);
  });
  CHECK(server.requests.size() == 7);
}

TEST_CASE_METHOD(Fixture, "Client: a rotated token is read again when the old one is refused") {
  const auto path = std::filesystem::temp_directory_path() / ("token-" + std::to_string(::getpid()));
  std::ofstream(path) << "old\n";
  auto config = server.config();
  config.token_file = path.string();
  const auto client = value_or_throw(Client::make(context.get_executor(), config));
  server.replies = {reply(200, "{}"), reply(401, "{}"), reply(200, "{}"), reply(401, "{}"), reply(401, "{}")};
  play([&]() -> asio::awaitable<void> {
    CHECK(co_await client->get(resource<api::Node>("", "n")));
    std::ofstream(path) << "new\n";
    CHECK(co_await client->get(resource<api::Node>("", "n")));
    CHECK((co_await client->get(resource<api::Node>("", "n"))).error().code == ApiErrc::unauthorized);
  });
  std::filesystem::remove(path);
  CHECK(server.requests.at(1).find("Authorization: Bearer old\r\n") != std::string::npos);
  CHECK(server.requests.at(2).find("Authorization: Bearer new\r\n") != std::string::npos);
}

}  // namespace
}  // namespace actimanager::kube

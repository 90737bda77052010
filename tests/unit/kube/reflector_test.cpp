#include <boost/asio/bind_cancellation_slot.hpp>
#include <catch2/catch_test_macros.hpp>
#include <spdlog/logger.h>
#include <spdlog/sinks/null_sink.h>

#include <actimanager/kube/reflector.hpp>

#include "api_server_fake.hpp"
#include "run.hpp"

namespace actimanager::kube {
namespace {

namespace asio = boost::asio;
using namespace testing;
using namespace std::chrono_literals;

std::string node(const char* name, const char* version) {
  return std::string(R"({"metadata":{"name":")") + name + R"(","resourceVersion":")" + version + R"("}})";
}
std::string list(const std::string& version, const std::string& items, const std::string& next = "") {
  return R"({"kind":"NodeList","metadata":{"resourceVersion":")" + version + R"(","continue":")" + next +
         R"("},"items":[)" + items + "]}";
}
std::string event(const char* type, const std::string& object) {
  return std::string(R"({"type":")") + type + R"(","object":)" + object + "}\n";
}

struct Fixture {
  asio::io_context context;
  ApiServerFake server{context};
  std::shared_ptr<Client> client = server.client();
  Store<api::Node> store;
  spdlog::logger log{"", std::make_shared<spdlog::sinks::null_sink_mt>()};
  asio::cancellation_signal stop;

  // Runs until `enough`, which is looked at after every change of the store.
  template <class Enough>
  void run_until(Enough enough, ReflectorOptions options = {}, Backoff backoff = Backoff(1ms, 2ms, 2min)) {
    options.backoff = backoff;
    Reflector reflector(*client, resource<api::Node>(), store, log, options);
    store.on_change([&, enough](const auto&, const auto&) {
      if (enough()) asio::post(context, [this] { stop.emit(asio::cancellation_type::terminal); });
    });
    asio::co_spawn(context, reflector.run(),
                   asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr) { server.stop(); }));
    context.run_for(20s);
    REQUIRE(context.stopped());
    stats = reflector.stats();
  }
  Reflector::Stats stats;
  std::string version(const char* name) {
    const auto object = store.get(name);
    return object ? object->meta.resource_version : "";
  }
};

TEST_CASE_METHOD(Fixture, "Reflector: lists in pages, then watches from the list's version") {
  server.replies = {reply(200, list("10", node("a", "1"), "next page")),
                    reply(200, list("11", node("b", "2"))),
                    reply(200, event("MODIFIED", node("a", "12")) + event("DELETED", node("b", "13")) +
                                   event("BOOKMARK", node("", "20")) + event("ADDED", node("c", "21")))};
  run_until([&] { return version("c") == "21"; });
  CHECK(version("a") == "12");
  CHECK_FALSE(store.get("b"));
  REQUIRE(server.requests.size() >= 3);
  CHECK(server.requests[0].starts_with("GET /api/v1/nodes?limit=500 "));
  CHECK(server.requests[1].starts_with("GET /api/v1/nodes?limit=500&continue=next%20page "));
  CHECK(server.requests[2].starts_with(
      "GET /api/v1/nodes?watch=true&allowWatchBookmarks=true&resourceVersion=11&"));
}

TEST_CASE_METHOD(Fixture, "Reflector: 410 in a watch, or in its stream, means listing again") {
  const std::string gone = R"({"kind":"Status","code":410,"reason":"Expired","message":"too old"})";
  server.replies = {reply(200, list("10", node("a", "1"))), reply(200, event("ERROR", gone)),
                    reply(200, list("30", node("a", "25"))), reply(410, gone),
                    reply(200, list("40", node("a", "35") + "," + node("z", "36")))};
  run_until([&] { return version("z") == "36"; });
  CHECK(version("a") == "35");
  CHECK(stats.lists == 3);
}

TEST_CASE_METHOD(Fixture, "Reflector: a watch that falls silent is resumed where it was") {
  server.replies = {reply(200, list("10", node("a", "1"))),
                    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
                    reply(200, event("ADDED", node("b", "11")))};
  run_until([&] { return version("b") == "11"; }, {.silence_limit = 50ms});
  CHECK(stats.lists == 1);
  CHECK(server.requests.back().find("resourceVersion=10&") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "Reflector: a list or an event that ends in the middle does no harm") {
  server.replies = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + list("9", node("x", "1")).substr(0, 60), true},
      reply(200, list("10", node("a", "1"))),
      reply(200, event("ADDED", node("b", "11")) + R"({"type":"ADDED","object":{"meta)"),
      reply(200, "garbage"),
      reply(200, event("ADDED", node("c", "12")))};
  run_until([&] { return version("c") == "12"; });
  CHECK_FALSE(store.get("x"));
  CHECK(version("b") == "11");
}

TEST_CASE_METHOD(Fixture, "Reflector: an object that cannot be understood is left out and counted") {
  server.replies = {reply(200, list("10", R"({"metadata":7},)" + node("a", "1"))),
                    reply(200, event("ADDED", R"({"metadata":{"name":"b","labels":[]}})") +
                                   event("ADDED", node("c", "12")))};
  run_until([&] { return version("c") == "12"; });
  CHECK(store.items().size() == 2);
  CHECK(stats.undecodable == 2);
}

TEST_CASE_METHOD(Fixture,
                 "Reflector: a server that answers with errors is asked again, more and more seldom") {
  server.replies = {reply(500, "{}"),
                    reply(403, R"({"message":"nodes is forbidden"})"),
                    reply(200, "no JSON"),
                    reply(200, R"({"metadata":{},"items":[]})"),
                    reply(200, R"({"metadata":{"resourceVersion":"1"},"items":[7]})"),
                    reply(200, list("10", node("a", "1")))};
  run_until([&] { return version("a") == "1"; });
  CHECK(stats.errors == 5);
  CHECK(stats.lists == 6);
}

TEST_CASE_METHOD(Fixture, "Reflector: a token of a page that has expired means listing from the start") {
  server.replies = {reply(200, list("10", node("gone", "1"), "next")), reply(410, "{}"),
                    reply(200, list("20", node("a", "15")))};
  run_until([&] { return version("a") == "15"; });
  CHECK_FALSE(store.get("gone"));
  CHECK(server.requests.at(2).starts_with("GET /api/v1/nodes?limit=500 "));
}

TEST_CASE_METHOD(Fixture, "Reflector: an error in a watch that is not 410 resumes it, bookmarks move it on") {
  const auto unavailable = R"({"kind":"Status","code":503,"message":"etcd is away"})";
  server.replies = {reply(200, list("10", node("a", "1"))),
                    reply(200, event("BOOKMARK", node("", "44")) + event("ERROR", unavailable)),
                    reply(200, event("EXPLODED", node("a", "45"))),
                    reply(200, event("ERROR", R"({"code":"x"})")),
                    reply(200, R"({"type":"ADDED"})"),
                    reply(200, event("ADDED", node("b", "46")))};
  run_until([&] { return version("b") == "46"; });
  CHECK(stats.lists == 1);
  CHECK(stats.errors == 4);
  for (std::size_t i = 2; i < 6; ++i)
    CHECK(server.requests.at(i).find("resourceVersion=44&") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "Reflector: selectors are sent with every list and watch") {
  server.replies = {reply(200, list("10", "")), reply(200, event("ADDED", node("b", "11")))};
  ReflectorOptions options;
  options.label_selector = "a=b";
  options.field_selector = "spec.nodeName=n";
  run_until([&] { return version("b") == "11"; }, options);
  REQUIRE(server.requests.size() >= 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(server.requests[i].find("&labelSelector=a%3Db&fieldSelector=spec.nodeName%3Dn ") !=
          std::string::npos);
  }
}

TEST_CASE_METHOD(Fixture, "Reflector: what is few is listed at once") {
  server.replies = {reply(200, list("10", node("a", "1")))};
  run_until([&] { return version("a") == "1"; }, {.page_size = 0});
  CHECK(server.requests.at(0).starts_with("GET /api/v1/nodes HTTP"));
}

TEST_CASE_METHOD(Fixture,
                 "Reflector: a server that ends each watch with an error is asked more and more seldom") {
  server.responder = [&](const std::string& request) {
    if (server.requests.size() == 9) return reply(200, event("ADDED", node("b", "12")));
    const bool watch = request.contains("watch=true");
    return reply(200, watch ? event("ERROR", R"({"code":503})") : list("10", node("a", "1")));
  };
  const auto begun = std::chrono::steady_clock::now();
  run_until([&] { return version("b") == "12"; }, {}, Backoff(1ms, 1min, 2min));
  CHECK(std::chrono::steady_clock::now() - begun >= 127ms);  // 1 + 2 + 4 + ... + 64
}

TEST_CASE_METHOD(Fixture,
                 "Reflector: an object that is known stays when a list has it in a form that is not") {
  server.replies = {reply(200, list("10", node("a", "1") + "," + node("b", "2"))), reply(410, "{}"),
                    reply(200, list("20", R"({"metadata":{"name":"a","labels":7}},)" + node("c", "15")))};
  run_until([&] { return version("c") == "15"; });
  CHECK(version("a") == "1");
  CHECK_FALSE(store.get("b"));
}

}  // namespace
}  // namespace actimanager::kube

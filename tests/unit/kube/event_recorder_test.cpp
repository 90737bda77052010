#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>
#include <spdlog/logger.h>
#include <spdlog/sinks/null_sink.h>

#include <actimanager/kube/event_recorder.hpp>

#include "api_server_fake.hpp"
#include "run.hpp"

namespace actimanager::kube {
namespace {

namespace asio = boost::asio;
using namespace testing;
using nlohmann::json;

struct Fixture {
  asio::io_context context;
  ApiServerFake server{context};
  std::shared_ptr<Client> client = server.client();
  spdlog::logger log{"", std::make_shared<spdlog::sinks::null_sink_mt>()};
  EventRecorder recorder{context.get_executor(), *client, "actimanager-agent", "node-a", log};
  int answers = 201;  // status of every answer
  asio::cancellation_signal stop;

  // Sends what was recorded, until `count` requests have come and `enough`.
  void send(std::size_t count, const std::function<bool()>& enough = [] { return true; }) {
    server.responder = [this](const std::string&) { return reply(answers, "{}"); };
    asio::co_spawn(context, recorder.run(),
                   asio::bind_cancellation_slot(stop.slot(), [this](std::exception_ptr) { server.stop(); }));
    while (server.requests.size() < count || !enough()) context.run_one();
    stop.emit(asio::cancellation_type::terminal);
    context.run();
    REQUIRE(server.requests.size() == count);
  }
  json body(std::size_t request) const {
    const auto& text = server.requests.at(request);
    return json::parse(text.substr(text.find("\r\n\r\n") + 4));
  }
};

api::Pod pod(const char* name) {
  api::Pod object;
  object.meta.name = name;
  object.meta.namespace_ = "shop";
  object.meta.uid = std::string(name) + "-uid";
  return object;
}

TEST_CASE_METHOD(Fixture, "EventRecorder: an event names what it is about and who says it") {
  recorder.record(reference_to(pod("web")), EventType::warning, "CPUDrift", "somebody moved it");
  send(1);
  CHECK(server.requests[0].starts_with("POST /api/v1/namespaces/shop/events "));
  const auto event = body(0);
  CHECK(
      event["involvedObject"] ==
      json{
          {"apiVersion", "v1"}, {"kind", "Pod"}, {"namespace", "shop"}, {"name", "web"}, {"uid", "web-uid"}});
  CHECK(event["type"] == "Warning");
  CHECK(event["reason"] == "CPUDrift");
  CHECK(event["message"] == "somebody moved it");
  CHECK(event["count"] == 1);
  CHECK(event["source"] == json{{"component", "actimanager-agent"}, {"host", "node-a"}});
  CHECK(event["metadata"]["name"].get<std::string>().starts_with("web."));
}

TEST_CASE_METHOD(Fixture, "EventRecorder: an event that repeats counts the first one up") {
  for (int i = 0; i < 3; ++i)
    recorder.record(reference_to(pod("web")), EventType::normal, "Pinned", "on CPU 1");
  recorder.record(reference_to(pod("web")), EventType::normal, "Pinned", "on CPU 2");
  send(4);
  std::vector<std::int64_t> counts;
  int created = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    created += server.requests[i].starts_with("POST ") ? 1 : 0;
    if (server.requests[i].starts_with("PATCH ")) counts.push_back(body(i)["count"].get<std::int64_t>());
  }
  CHECK(created == 2);
  std::ranges::sort(counts);
  CHECK(counts == std::vector<std::int64_t>{2, 3});
}

TEST_CASE_METHOD(Fixture, "EventRecorder: an event that somebody has deleted is made anew when it repeats") {
  const auto again = [this] {
    recorder.record(reference_to(pod("web")), EventType::normal, "Pinned", "on CPU 1");
  };
  std::vector<std::int64_t> made;  // their counts
  server.responder = [&](const std::string& request) {
    const bool is_first = request.starts_with("POST ");
    if (is_first) made.push_back(json::parse(request.substr(request.find("\r\n\r\n") + 4))["count"]);
    // The first repetition may come before the answer to what it repeats.
    if (made.size() == 1) again();
    return reply(is_first ? 201 : 404, "{}");
  };
  again();
  asio::co_spawn(context, recorder.run(),
                 asio::bind_cancellation_slot(stop.slot(), [this](std::exception_ptr) { server.stop(); }));
  while (made.size() < 2) context.run_one();
  stop.emit(asio::cancellation_type::terminal);
  context.run();
  CHECK(made == std::vector<std::int64_t>{1, 1});
}

TEST_CASE_METHOD(Fixture, "EventRecorder: one object cannot flood the API, others are heard") {
  for (int i = 0; i < 100; ++i) {
    recorder.record(reference_to(pod("noisy")), EventType::normal, "Again", std::to_string(i));
  }
  recorder.record(reference_to(pod("quiet")), EventType::normal, "Once", "");
  send(26);
  CHECK(recorder.dropped() == 75);
}

TEST_CASE_METHOD(Fixture, "EventRecorder: what the server does not take is lost and counted") {
  answers = 403;
  recorder.record(reference_to(pod("web")), EventType::normal, "Pinned", "on CPU 1");
  recorder.record(reference_to(pod("web2")), EventType::normal, "Pinned", "on CPU 1");
  send(2, [this] { return recorder.dropped() == 2; });
}

TEST_CASE_METHOD(Fixture, "EventRecorder: long messages and names are cut to what the API takes") {
  std::string message(1023, 'x');
  message += "\u20ac\u20ac";
  auto about = pod("web");
  about.meta.name = std::string(199, 'a') + "-" + std::string(50, 'b');
  recorder.record(reference_to(about), EventType::normal, "Long", message);
  send(1);
  CHECK(body(0)["message"] == std::string(1023, 'x'));
  CHECK(body(0)["metadata"]["name"].get<std::string>().starts_with(std::string(199, 'a') + "."));
}

TEST_CASE_METHOD(Fixture, "EventRecorder: text that is no UTF-8 is sent all the same") {
  recorder.record(reference_to(pod("web")), EventType::normal, "Odd", "cgroup \xff\xfe");
  send(1);
  CHECK(body(0)["message"] == "cgroup \ufffd\ufffd");
}

TEST_CASE_METHOD(Fixture, "EventRecorder: events about what has no namespace are in \"default\"") {
  api::Node node;
  node.meta.name = "node-a";
  recorder.record(reference_to(node), EventType::normal, "Fresh", "");
  send(1);
  CHECK(server.requests[0].starts_with("POST /api/v1/namespaces/default/events "));
}

}  // namespace
}  // namespace actimanager::kube

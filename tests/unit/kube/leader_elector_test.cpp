#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <nlohmann/json.hpp>
#include <spdlog/logger.h>
#include <spdlog/sinks/null_sink.h>

#include <actimanager/async/event.hpp>
#include <actimanager/kube/leader_elector.hpp>

#include "api_server_fake.hpp"

namespace actimanager::kube {
namespace {

namespace asio = boost::asio;
using namespace testing;
using namespace std::chrono_literals;
using nlohmann::json;

// An API server with one Lease, and an elector for it whose seconds are twenty milliseconds.
struct Fixture {
  asio::io_context context;
  ApiServerFake server{context};
  std::shared_ptr<Client> client = server.client();
  spdlog::logger log{"", std::make_shared<spdlog::sinks::null_sink_mt>()};
  LeaderElector elector{*client,
                        "system",
                        "lease",
                        {.identity = "me", .duration = 300ms, .renew_deadline = 200ms, .retry_period = 40ms},
                        log};
  asio::cancellation_signal stop;
  std::exception_ptr thrown;

  json lease;           // null: there is none
  bool broken = false;  // every answer is 500
  int version = 0;

  Fixture() {
    server.responder = [this](const std::string& request) { return answer(request); };
  }
  void hold(const std::string& holder) {
    lease = {{"metadata", {{"name", "lease"}, {"resourceVersion", std::to_string(++version)}}},
             {"spec", {{"holderIdentity", holder}, {"leaseDurationSeconds", 1}, {"leaseTransitions", 4}}}};
  }
  std::string holder() const {
    return lease.is_null() ? "" : lease["spec"]["holderIdentity"].get<std::string>();
  }

  Reply answer(const std::string& request) {
    if (broken) return reply(500, "{}");
    if (request.starts_with("GET ")) return lease.is_null() ? reply(404, "{}") : reply(200, lease.dump());
    auto written = json::parse(request.substr(request.find("\r\n\r\n") + 4));
    const bool create = request.starts_with("POST ");
    if (create != lease.is_null()) return reply(409, R"({"reason":"AlreadyExists"})");
    if (!create && written["metadata"]["resourceVersion"] != lease["metadata"]["resourceVersion"]) {
      return reply(409, R"({"reason":"Conflict"})");
    }
    lease = std::move(written);
    lease["metadata"]["resourceVersion"] = std::to_string(++version);
    return reply(create ? 201 : 200, lease.dump());
  }
  void end() {
    asio::post(context, [this] { stop.emit(asio::cancellation_type::terminal); });
  }
  void elect(LeaderElector::Term term) {
    asio::co_spawn(context, elector.run(std::move(term)),
                   asio::bind_cancellation_slot(stop.slot(), [this](std::exception_ptr failure) {
                     thrown = std::move(failure);
                     server.stop();
                   }));
    context.run_for(20s);
    REQUIRE(context.stopped());
    REQUIRE(thrown);
  }
};

TEST_CASE_METHOD(Fixture, "LeaderElector: leads, and gives the Lease up when it is stopped") {
  elect([&]() -> asio::awaitable<void> {
    CHECK(elector.leading());
    CHECK(holder() == "me");
    CHECK(lease["spec"]["leaseTransitions"] == 0);
    end();
    co_await async::sleep_for(1h);
  });
  CHECK(holder().empty());
  CHECK_FALSE(elector.leading());
}

TEST_CASE_METHOD(Fixture, "LeaderElector: renews while it leads, as the holder it has been") {
  std::string acquired;
  elect([&]() -> asio::awaitable<void> {
    acquired = lease["spec"]["acquireTime"];
    while (version < 4) co_await async::sleep_for(1ms);
    CHECK(lease["spec"]["acquireTime"] == acquired);
    CHECK(lease["spec"]["renewTime"] > acquired);
    CHECK(lease["spec"]["leaseTransitions"] == 0);
    end();
    co_await async::sleep_for(1h);
  });
  CHECK(holder().empty());
}

TEST_CASE_METHOD(Fixture, "LeaderElector: what others wrote into the Lease's metadata stays there") {
  hold("");
  lease["metadata"]["labels"] = {{"team", "nodes"}};
  lease["metadata"]["managedFields"] = json::array({{{"manager", "kubectl"}}});
  elect([&]() -> asio::awaitable<void> {
    CHECK(lease["metadata"]["labels"]["team"] == "nodes");
    CHECK_FALSE(lease["metadata"].contains("managedFields"));
    end();
    co_await async::sleep_for(1h);
  });
  CHECK(lease["metadata"]["labels"]["team"] == "nodes");
}

TEST_CASE_METHOD(Fixture,
                 "LeaderElector: gives up a Lease that was renewed without its knowledge, not another's") {
  const bool ours = GENERATE(true, false);
  elect([&]() -> asio::awaitable<void> {
    // As by a renewal whose answer it did not wait for.
    lease["metadata"]["resourceVersion"] = std::to_string(++version);
    if (!ours) lease["spec"]["holderIdentity"] = "other";
    end();
    co_await async::sleep_for(1h);
  });
  CHECK(holder() == (ours ? "" : "other"));
}

TEST_CASE_METHOD(Fixture,
                 "LeaderElector: follows a holder, and takes over when it is silent for long enough") {
  hold("other");
  elect([&]() -> asio::awaitable<void> {
    CHECK(holder() == "me");
    CHECK(lease["spec"]["leaseTransitions"] == 5);
    end();
    co_await async::sleep_for(1h);
  });
  CHECK(server.requests.size() > 5);  // it has looked again and again
}

TEST_CASE_METHOD(Fixture, "LeaderElector: a Lease in other hands ends the term, not the elector") {
  int terms = 0;
  elect([&]() -> asio::awaitable<void> {
    if (++terms == 2) {
      end();
      co_await async::sleep_for(1h);
    }
    hold("other");
    try {
      co_await async::sleep_for(1h);
    } catch (...) {
      CHECK(elector.holder() == "other");
      hold("");
      throw;
    }
  });
  CHECK(terms == 2);
}

TEST_CASE_METHOD(Fixture, "LeaderElector: a leader that cannot renew steps down") {
  int terms = 0;
  elect([&]() -> asio::awaitable<void> {
    if (++terms == 2) {
      end();
      co_await async::sleep_for(1h);
    }
    broken = true;
    try {
      co_await async::sleep_for(1h);
    } catch (...) {
      CHECK_FALSE(elector.leading());
      broken = false;
      throw;
    }
  });
  CHECK(terms == 2);
}

TEST_CASE_METHOD(Fixture, "LeaderElector: an attempt that is not answered is given up in time for another") {
  auto silent_at = server.requests.size();
  server.responder = [&](const std::string& request) {
    return server.requests.size() == silent_at ? Reply{} : answer(request);
  };
  elect([&]() -> asio::awaitable<void> {
    silent_at = server.requests.size() + 3;
    co_await async::sleep_for(600ms);
    CHECK(server.requests.size() > silent_at + 2);
    CHECK(elector.leading());
    end();
    co_await async::sleep_for(1h);
  });
  CHECK(holder().empty());
}

TEST_CASE_METHOD(Fixture, "LeaderElector: what a term throws is thrown, and the Lease is free") {
  elect([]() -> asio::awaitable<void> {
    throw std::runtime_error("the term broke");
    co_return;
  });
  CHECK_THROWS_WITH(std::rethrow_exception(thrown), "the term broke");
  CHECK(holder().empty());
}

TEST_CASE_METHOD(Fixture, "LeaderElector: who was quicker leads") {
  bool first = true;
  server.responder = [&](const std::string& request) {
    if (request.starts_with("POST ") && std::exchange(first, false)) {
      hold("other");  // between our read and our write
    } else if (holder() == "other") {
      hold("");
    }
    return answer(request);
  };
  elect([&]() -> asio::awaitable<void> {
    CHECK(lease["spec"]["leaseTransitions"] == 5);
    end();
    co_await async::sleep_for(1h);
  });
}

}  // namespace
}  // namespace actimanager::kube

#include <limits>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <actimanager/api/json_value.hpp>
#include <actimanager/kube/lease.hpp>

namespace actimanager::kube {
namespace {

using namespace std::chrono_literals;
using Step = LeaseMachine::Step;

LeaseRecord held_by(const char* holder, const char* version) {
  return {.holder = holder, .duration_seconds = 15, .renew_time = version, .resource_version = version};
}

const LeaseMachine::TimePoint start{1h};

TEST_CASE("LeaseMachine: makes the Lease where there is none, and leads from when the write was begun") {
  LeaseMachine machine({.identity = "a"});
  CHECK(machine.observe(std::nullopt, start) == Step::create);
  CHECK_FALSE(machine.leading());
  machine.written(start);
  CHECK(machine.leading());
  CHECK(machine.deadline() == start + 10s);
  CHECK(machine.observe(held_by("a", "1"), start + 2s) == Step::renew);
  machine.written(start + 2s);
  CHECK(machine.deadline() == start + 12s);
}

TEST_CASE(
    "LeaseMachine: waits for a holder that writes, takes over from one that was silent for its duration") {
  LeaseMachine machine({.identity = "a"});
  CHECK(machine.observe(held_by("b", "1"), start) == Step::wait);
  CHECK(machine.observe(held_by("b", "1"), start + 14s) == Step::wait);
  CHECK(machine.observe(held_by("b", "2"), start + 14s) == Step::wait);
  CHECK(machine.observe(held_by("b", "2"), start + 29s) == Step::wait);
  CHECK(machine.observe(held_by("b", "2"), start + 29s + 1ms) == Step::take);
}

TEST_CASE("LeaseMachine: what others wrote about time is not believed") {
  LeaseMachine machine({.identity = "a"});
  auto lease = held_by("b", "1");
  lease.renew_time = "1970-01-01T00:00:00.000000Z";
  CHECK(machine.observe(lease, start) == Step::wait);
}

TEST_CASE("LeaseMachine: a Lease that was given up is taken at once, one in other hands ends leading") {
  LeaseMachine machine({.identity = "a"});
  CHECK(machine.observe(held_by("", "1"), start) == Step::take);
  machine.written(start);
  CHECK(machine.observe(held_by("b", "3"), start + 1s) == Step::wait);
  CHECK_FALSE(machine.leading());
  CHECK(machine.holder() == "b");
}

TEST_CASE("LeaseOptions: bad relations are refused") {
  CHECK(LeaseOptions{.identity = "a"}.check());
  CHECK_FALSE(LeaseOptions{.identity = "a", .duration = 10s, .renew_deadline = 10s}.check());
  CHECK_FALSE(LeaseOptions{.identity = "a", .renew_deadline = 2400ms, .retry_period = 2s}.check());
}

TEST_CASE("LeaseRecord: a Lease of garbage reads as one that nobody holds") {
  const auto record = LeaseRecord::decode(
      api::JsonDocument(nlohmann::json{{"spec", {{"holderIdentity", 7}, {"leaseDurationSeconds", "x"}}}})
          .root());
  CHECK(record.holder.empty());
  LeaseMachine machine({.identity = "a"});
  auto endless = held_by("b", "1");
  endless.duration_seconds = std::numeric_limits<std::int64_t>::max();
  CHECK(machine.observe(endless, start) == Step::wait);
  CHECK(machine.observe(endless, start + 25h) == Step::take);
}

}  // namespace
}  // namespace actimanager::kube

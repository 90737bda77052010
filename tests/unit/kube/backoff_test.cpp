#include <catch2/catch_test_macros.hpp>

#include <actimanager/kube/backoff.hpp>

namespace actimanager::kube {
namespace {

using namespace std::chrono_literals;

TEST_CASE(
    "Backoff: doubles up to its limit, jittered up to twice the step, and starts over after a quiet time") {
  Backoff backoff(100ms, 400ms, 10s);
  Backoff::TimePoint now{1h};
  for (const auto step : {100ms, 200ms, 400ms, 400ms}) {
    const auto wait = backoff.next(now);
    CHECK(wait >= step);
    CHECK(wait <= 2 * step);
    now += 1s;
  }
  now += 11s;
  CHECK(backoff.next(now) <= 200ms);
  backoff.reset();
  CHECK(backoff.next(now) <= 200ms);
}

}  // namespace
}  // namespace actimanager::kube

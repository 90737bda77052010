#include <algorithm>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include <actimanager/core/histogram.hpp>

using namespace actimanager;

TEST_CASE("Histogram counts an observation in the first bucket whose bound is not below it") {
  const std::vector<double> bounds{0.1, 1, 10};
  Histogram histogram(bounds);
  for (const double value : {0.0, 0.1, 0.11, 1.0, 9.0, 11.0, 1e9}) histogram.observe(value);
  CHECK(std::vector<std::uint64_t>(histogram.counts().begin(), histogram.counts().end()) ==
        std::vector<std::uint64_t>{2, 2, 1, 2});
  CHECK(histogram.sum() == 0.0 + 0.1 + 0.11 + 1.0 + 9.0 + 11.0 + 1e9);
}

TEST_CASE("the bounds for latencies ascend from 50 microseconds to 10 seconds") {
  const auto bounds = Histogram::latency_bounds();
  CHECK(bounds.front() == 0.00005);
  CHECK(bounds.back() == 10);
  CHECK(std::ranges::is_sorted(bounds));
}

#include "metrics_text.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace actimanager;
using roles::MetricsText;

TEST_CASE("a counter is written as Prometheus reads it") {
  MetricsText text;
  text.single("acti_things_total", "counter", "Things.", 3);
  CHECK(std::move(text).take() ==
        "# HELP acti_things_total Things.\n# TYPE acti_things_total counter\nacti_things_total 3\n");
}

TEST_CASE("labels are escaped") {
  MetricsText text;
  text.family("f", "gauge", "h");
  text.sample(0.5, {{"a", "x\"y\\z\n"}, {"b", "2"}});
  CHECK(std::move(text).take() == "# HELP f h\n# TYPE f gauge\nf{a=\"x\\\"y\\\\z\\n\",b=\"2\"} 0.5\n");
}

TEST_CASE("a histogram's buckets are cumulative") {
  const double bounds[] = {1, 2};
  Histogram histogram(bounds);
  for (const double value : {0.5, 1.5, 1.5, 9.0}) histogram.observe(value);
  MetricsText text;
  text.family("h", "histogram", "x");
  text.histogram(histogram);
  CHECK(
      std::move(text).take() ==
      "# HELP h x\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"2\"} 3\nh_bucket{le=\"+Inf\"} 4\n"
      "h_sum 12.5\nh_count 4\n");
}

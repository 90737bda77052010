// Histogram: counts of observations in fixed buckets, as Prometheus' classic histograms hold them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace actimanager {

class Histogram {
 public:
  // Upper bounds in ascending order; the bucket above the last one is there by itself.
  explicit Histogram(std::span<const double> bounds)
      : bounds_(bounds.begin(), bounds.end()), counts_(bounds.size() + 1) {}

  void observe(double value) {
    std::size_t bucket = 0;
    while (bucket < bounds_.size() && value > bounds_[bucket]) ++bucket;
    ++counts_[bucket];
    sum_ += value;
  }

  std::span<const double> bounds() const { return bounds_; }
  std::span<const std::uint64_t> counts() const { return counts_; }  // one more than bounds, not cumulative
  double sum() const { return sum_; }

  // From 50 µs to 10 s, for latencies in seconds.
  static std::span<const double> latency_bounds();

 private:
  std::vector<double> bounds_;
  std::vector<std::uint64_t> counts_;
  double sum_ = 0;
};

inline std::span<const double> Histogram::latency_bounds() {
  static constexpr double bounds[] = {0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                      0.05,    0.1,    0.25,    0.5,    1,     2.5,    5,     10};
  return bounds;
}

}  // namespace actimanager

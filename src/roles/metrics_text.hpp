// MetricsText: writes the Prometheus text exposition format, version 0.0.4. Call family(), then its samples.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include <actimanager/core/histogram.hpp>

namespace actimanager::roles {

class MetricsText {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  // type: "counter", "gauge" or "histogram". Names carry their unit: actimanager_pin_latency_seconds.
  void family(std::string_view name, std::string_view type, std::string_view help);
  void sample(double value, Labels labels = {});
  void histogram(const Histogram& histogram, Labels labels = {});

  // A family of one sample.
  void single(std::string_view name, std::string_view type, std::string_view help, double value) {
    family(name, type, help);
    sample(value);
  }

  std::string take() && { return std::move(text_); }

 private:
  void line(std::string_view suffix, Labels labels, std::string_view bound, double value);

  std::string name_;
  std::string text_;
};

}  // namespace actimanager::roles

#include "metrics_text.hpp"

#include <cmath>
#include <iterator>

#include <fmt/format.h>

namespace actimanager::roles {
namespace {

void append_label_value(std::string& text, std::string_view value) {
  for (const char c : value) {
    if (c == '\\' || c == '"') {
      text += '\\';
      text += c;
    } else if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
}

}  // namespace

void MetricsText::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void MetricsText::sample(double value, Labels labels) {
  line("", labels, "", value);
}

void MetricsText::histogram(const Histogram& histogram, Labels labels) {
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < histogram.bounds().size(); ++i) {
    below += histogram.counts()[i];
    line("_bucket", labels, fmt::format("{}", histogram.bounds()[i]), static_cast<double>(below));
  }
  below += histogram.counts().back();
  line("_bucket", labels, "+Inf", static_cast<double>(below));
  line("_sum", labels, "", histogram.sum());
  line("_count", labels, "", static_cast<double>(below));
}

void MetricsText::line(std::string_view suffix, Labels labels, std::string_view bound, double value) {
  text_ += name_;
  text_ += suffix;
  char separator = '{';
  const auto add = [&](std::string_view name, std::string_view label_value) {
    text_ += separator;
    text_ += name;
    text_ += "=\"";
    append_label_value(text_, label_value);
    text_ += '"';
    separator = ',';
  };
  for (const auto& [name, label_value] : labels) add(name, label_value);
  if (!bound.empty()) add("le", bound);
  if (separator == ',') text_ += '}';
  // Counts are written as integers, as every exporter does.
  if (value == std::floor(value) && std::abs(value) < 1e15) {
    fmt::format_to(std::back_inserter(text_), " {}\n", static_cast<std::int64_t>(value));
  } else {
    fmt::format_to(std::back_inserter(text_), " {}\n", value);
  }
}

}  // namespace actimanager::roles

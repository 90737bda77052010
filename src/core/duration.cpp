#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include <actimanager/core/duration.hpp>

namespace actimanager {
namespace {

std::optional<double> unit_in_ms(std::string_view unit) {
  if (unit == "ns") return 1e-6;
  if (unit == "us" || unit == "µs") return 1e-3;
  if (unit == "ms") return 1.0;
  if (unit == "s") return 1e3;
  if (unit == "m") return 60e3;
  if (unit == "h") return 3600e3;
  return std::nullopt;
}

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  constexpr std::string_view number_characters = "0123456789.";
  constexpr double longest_ms = 366.0 * 24 * 3600e3;
  const auto invalid = [&] {
    return fail(Errc::invalid_argument, fmt::format("\"{}\" is not a duration such as 15s or 1m30s", text));
  };
  if (text == "0") return std::chrono::milliseconds(0);
  if (text.empty()) return invalid();

  double total_ms = 0;
  for (auto rest = text; !rest.empty();) {
    const auto number = rest.substr(0, rest.find_first_not_of(number_characters));
    rest.remove_prefix(number.size());
    const auto unit = unit_in_ms(rest.substr(0, rest.find_first_of(number_characters)));
    if (!unit || number.empty() || number == ".") return invalid();

    double value = 0;
    double place = 0;  // weight of the next digit after the point; 0 before it
    for (const char c : number) {
      if (c == '.') {
        if (place != 0) return invalid();
        place = 0.1;
      } else if (place == 0) {
        value = value * 10 + (c - '0');
      } else {
        value += place * (c - '0');
        place /= 10;
      }
    }
    total_ms += value * *unit;
    if (total_ms > longest_ms)
      return fail(Errc::out_of_range, fmt::format("\"{}\" is longer than a year", text));
    rest.remove_prefix(std::min(rest.size(), rest.find_first_of(number_characters)));
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(total_ms + 1e-6));
}

}  // namespace actimanager

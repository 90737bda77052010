#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include <actimanager/core/quantity.hpp>

namespace actimanager {
namespace {

__extension__ using Int128 = __int128;
constexpr Int128 nano_per_unit = 1'000'000'000;
constexpr Int128 max_nano = Int128{std::numeric_limits<std::int64_t>::max()} * nano_per_unit;

// value = digits * 2^binary * 10^decimal
struct Scale {
  int binary = 0;
  int decimal = 0;
};

std::optional<Scale> parse_suffix(std::string_view suffix) {
  struct Row {
    std::string_view name;
    Scale scale;
  };
  static constexpr Row rows[] = {
      {"", {}},        {"n", {0, -9}},  {"u", {0, -6}},  {"m", {0, -3}},  {"k", {0, 3}},   {"M", {0, 6}},
      {"G", {0, 9}},   {"T", {0, 12}},  {"P", {0, 15}},  {"E", {0, 18}},  {"Ki", {10, 0}}, {"Mi", {20, 0}},
      {"Gi", {30, 0}}, {"Ti", {40, 0}}, {"Pi", {50, 0}}, {"Ei", {60, 0}},
  };
  for (const auto& row : rows) {
    if (row.name == suffix) return row.scale;
  }
  if (suffix.size() > 1 && (suffix.front() == 'e' || suffix.front() == 'E')) {
    std::string_view digits = suffix.substr(1);
    if (digits.front() == '+') digits.remove_prefix(1);
    int exponent = 0;
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    if (ec == std::errc{} && end == digits.data() + digits.size() && exponent > -100 && exponent < 100) {
      return Scale{0, exponent};
    }
  }
  return std::nullopt;
}

Int128 divide_away_from_zero(Int128 value, Int128 divisor) {
  const Int128 quotient = value / divisor;
  return value % divisor > 0 ? quotient + 1 : value % divisor < 0 ? quotient - 1 : quotient;
}

std::int64_t saturate(Int128 value) {
  constexpr Int128 limit = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(value > limit ? limit : value < -limit ? -limit : value);
}

}  // namespace

Result<Quantity> Quantity::parse(std::string_view text) {
  const auto invalid = [&] {
    return fail(Errc::invalid_argument, fmt::format("\"{}\" is not a quantity such as 500m or 2Gi", text));
  };
  std::string_view rest = text;
  bool negative = false;
  if (!rest.empty() && (rest.front() == '+' || rest.front() == '-')) {
    negative = rest.front() == '-';
    rest.remove_prefix(1);
  }
  const auto number_length = std::min(rest.find_first_not_of("0123456789."), rest.size());
  const std::string_view number = rest.substr(0, number_length);
  const auto scale = parse_suffix(rest.substr(number_length));
  if (!scale || number.empty() || number == "." || std::ranges::count(number, '.') > 1) return invalid();

  // Digits are taken while they fit; what follows only shifts the scale (before the dot) or rounds (after
  // it).
  Int128 mantissa = 0;
  int decimal = scale->decimal + 9;  // to nano-units
  bool fraction = false;
  bool remainder = false;
  constexpr Int128 mantissa_limit = Int128{1} << 100;
  for (const char c : number) {
    if (c == '.') {
      fraction = true;
      continue;
    }
    if (mantissa < mantissa_limit / 10) {
      mantissa = mantissa * 10 + (c - '0');
      if (fraction) --decimal;
    } else {
      remainder = remainder || c != '0';
      if (!fraction) ++decimal;
    }
  }
  const auto finish = [&](Int128 nano) { return Quantity(negative ? -clamp(nano) : clamp(nano)); };
  if (mantissa == 0) return finish(0);
  // Binary suffixes first while there is room, so that nothing is lost to an early rounding.
  int binary = scale->binary;
  for (; decimal < 0 && binary > 0 && mantissa < (Int128{1} << 120); --binary) mantissa *= 2;
  for (; decimal < 0; ++decimal) {
    remainder = remainder || mantissa % 10 != 0;
    mantissa /= 10;
  }
  for (; decimal > 0 && mantissa <= max_nano; --decimal) mantissa *= 10;
  for (; binary > 0 && mantissa <= max_nano; --binary) mantissa *= 2;
  return finish(mantissa + (remainder ? 1 : 0));
}

Quantity Quantity::units(std::int64_t value) {
  return Quantity(clamp(Nano{value} * nano_per_unit));
}
Quantity Quantity::milli(std::int64_t value) {
  return Quantity(clamp(Nano{value} * (nano_per_unit / 1000)));
}

std::int64_t Quantity::value() const {
  return saturate(divide_away_from_zero(nano_, nano_per_unit));
}
std::int64_t Quantity::milli_value() const {
  return saturate(divide_away_from_zero(nano_, nano_per_unit / 1000));
}

Quantity& Quantity::operator+=(Quantity other) {
  nano_ = clamp(nano_ + other.nano_);
  return *this;
}

Quantity& Quantity::operator-=(Quantity other) {
  nano_ = clamp(nano_ - other.nano_);
  return *this;
}

Quantity::Nano Quantity::clamp(Nano nano) {
  return nano > max_nano ? max_nano : nano < -max_nano ? -max_nano : nano;
}

}  // namespace actimanager

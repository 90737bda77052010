// Quantity: a Kubernetes resource quantity ("1500m", "2Gi", "1e3"), read as apimachinery's resource.Quantity
// reads it and kept exact to a nano-unit. Canonical re-formatting of the text is not offered.
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

#include <actimanager/core/error.hpp>

namespace actimanager {

class Quantity {
 public:
  Quantity() = default;

  // Grammar: <sign><digits>[.<digits>]<suffix>, suffix one of n u m "" k M G T P E, Ki Mi Gi Ti Pi Ei, e<N>,
  // E<N>. Values beyond ±(2^63-1) units saturate, digits below a nano-unit round away from zero, as upstream
  // does. Errors: invalid_argument, quoting the text.
  static Result<Quantity> parse(std::string_view text);
  static Quantity units(std::int64_t value);
  static Quantity milli(std::int64_t value);

  // Whole units and thousandths, rounded away from zero, saturating (resource.Quantity's Value and
  // MilliValue).
  std::int64_t value() const;
  std::int64_t milli_value() const;

  Quantity& operator+=(Quantity other);
  Quantity& operator-=(Quantity other);
  friend Quantity operator+(Quantity a, Quantity b) { return a += b; }
  friend Quantity operator-(Quantity a, Quantity b) { return a -= b; }
  auto operator<=>(const Quantity&) const = default;

 private:
  __extension__ using Nano = __int128;  // 2^63 units of 10^9 nano-units need 93 bits
  explicit Quantity(Nano nano) : nano_(nano) {}
  static Nano clamp(Nano nano);
  Nano nano_ = 0;
};

}  // namespace actimanager

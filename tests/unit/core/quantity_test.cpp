#include <cstdint>
#include <limits>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <actimanager/core/quantity.hpp>

using namespace actimanager;

TEST_CASE("Quantity reads what resource.Quantity reads") {
  constexpr auto max = std::numeric_limits<std::int64_t>::max();
  struct Row {
    const char* text;
    std::int64_t value;
    std::int64_t milli;
  };
  const auto row = GENERATE_COPY(
      Row{"0", 0, 0}, Row{"1", 1, 1000}, Row{"500m", 1, 500}, Row{"1500m", 2, 1500}, Row{"-1500m", -2, -1500},
      Row{"0.5", 1, 500}, Row{".5", 1, 500}, Row{"5.", 5, 5000}, Row{"1e3", 1000, 1000000},
      Row{"1E3", 1000, 1000000}, Row{"12e-1", 2, 1200}, Row{"1E", 1000000000000000000, max},
      Row{"2Gi", 2147483648, 2147483648000}, Row{"1.5Gi", 1610612736, 1610612736000},
      Row{"0.1Ki", 103, 102400}, Row{"100n", 1, 1}, Row{"100u", 1, 1}, Row{"0.0000000001", 1, 1},
      Row{"+7k", 7000, 7000000}, Row{"99999999999999999999", max, max}, Row{"16Ei", max, max},
      Row{"1234567890123456789012345678901234567890n", max, max});
  CAPTURE(row.text);
  const auto quantity = Quantity::parse(row.text);
  REQUIRE(quantity);
  CHECK(quantity->value() == row.value);
  CHECK(quantity->milli_value() == row.milli);
}

TEST_CASE("Quantity refuses what is not one") {
  const auto text =
      GENERATE("", "-", ".", "1.2.3", "1 Gi", "Gi", "1gi", "0x10", "1e", "1e999", "1mm", "--1", "1Zi");
  CAPTURE(text);
  CHECK_FALSE(Quantity::parse(text));
}

TEST_CASE("Quantity adds exactly and saturates") {
  CHECK((*Quantity::parse("100m") + *Quantity::parse("1900m")).value() == 2);
  CHECK(Quantity::milli(2500) - Quantity::units(1) == Quantity::milli(1500));
  const auto max = Quantity::units(std::numeric_limits<std::int64_t>::max());
  CHECK(max + max == max);
}

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <actimanager/core/duration.hpp>

using namespace actimanager;

TEST_CASE("durations read as Go writes them") {
  struct Row {
    const char* text;
    int milliseconds;
  };
  const auto row =
      GENERATE(Row{"0", 0}, Row{"15s", 15000}, Row{"1m30s", 90000}, Row{"250ms", 250}, Row{"1.5h", 5400000},
               Row{"2h45m", 9900000}, Row{".5s", 500}, Row{"900us", 0}, Row{"1500us", 1}, Row{"0s", 0});
  CAPTURE(row.text);
  const auto duration = parse_duration(row.text);
  REQUIRE(duration);
  CHECK(duration->count() == row.milliseconds);
}

TEST_CASE("what is not a duration is refused") {
  const auto text =
      GENERATE("", "15", "s", "-1s", "1d", "1 s", "1..5s", ".s", "9999999h", "1s2", "nan", "1e3s");
  CAPTURE(text);
  CHECK_FALSE(parse_duration(text));
}

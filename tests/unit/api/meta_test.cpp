#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <nlohmann/json.hpp>

#include <actimanager/api/json_value.hpp>
#include <actimanager/api/meta.hpp>

using namespace actimanager::api;
using nlohmann::json;

TEST_CASE("objects are known by namespace and name, whatever else they are") {
  CHECK(key_of(JsonDocument(json({{"metadata", {{"namespace", "n"}, {"name", "a"}}}})).root()) == "n/a");
  CHECK(key_of(JsonDocument(json({{"metadata", {{"name", "a"}}}})).root()) == "a");
  for (const auto& object :
       {json(), json::array(), json({{"metadata", 1}}), json({{"metadata", {{"name", 2}}}})}) {
    CHECK(key_of(JsonDocument(object).root()).empty());
  }
}

TEST_CASE("times are RFC 3339 in UTC, to the second") {
  struct Row {
    const char* text;
    const char* canonical;
  };
  const auto row = GENERATE(Row{"1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"},
                            Row{"2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"},
                            Row{"2024-02-29T23:59:59Z", "2024-02-29T23:59:59Z"},
                            Row{"2026-01-31T12:00:00.123456Z", "2026-01-31T12:00:00Z"},
                            Row{"2026-01-31T12:00:00+05:30", "2026-01-31T06:30:00Z"},
                            Row{"2026-01-31T12:00:00.9-00:30", "2026-01-31T12:30:00Z"});
  CAPTURE(row.text);
  const auto time = parse_time(row.text);
  REQUIRE(time);
  CHECK(format_time(*time) == row.canonical);
  CHECK(parse_time(format_time(*time)) == time);
}

TEST_CASE("what is no time is not read as one") {
  const auto* text = GENERATE(
      "", "now", "2026-01-31", "2026-01-31T12:00:00", "2026-01-31 12:00:00Z", "2026-13-01T00:00:00Z",
      "2026-02-29T00:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T12:60:00Z", "2026-01-31T12:00:61Z",
      "2026-01-31T12:00:00Zz", "2026-01-31T12:00:00+0530", "2026-01-31T12:00:00+05:3",
      "2026-01-31T12:00:00+aa:bb", "-026-01-31T12:00:00Z", "2026-1-031T12:00:00Z", "2026-01-31T12:00:00.5");
  CAPTURE(text);
  CHECK_FALSE(parse_time(text));
}

TEST_CASE("a condition keeps its time for as long as its status") {
  constexpr Time first{std::chrono::seconds(100)}, second{std::chrono::seconds(200)};
  std::vector<Condition> conditions;
  set_condition(conditions, {"Ready", ConditionStatus::false_, "Starting", "wait", 1, first});
  set_condition(conditions, {"Other", ConditionStatus::true_, "Fine", "", 1, first});
  set_condition(conditions, {"Ready", ConditionStatus::false_, "Waiting", "still", 2, second});
  REQUIRE(conditions.size() == 2);
  const auto* ready = find_condition(conditions, "Ready");
  CHECK(*ready == Condition{"Ready", ConditionStatus::false_, "Waiting", "still", 2, first});
  set_condition(conditions, {"Ready", ConditionStatus::true_, "Ready", "", 2, second});
  CHECK(find_condition(conditions, "Ready")->last_transition_time == second);
  CHECK(find_condition(conditions, "Absent") == nullptr);
}

TEST_CASE("objects are known by namespace and name, labels and annotations by their key") {
  ObjectMeta meta{.name = "web", .namespace_ = "shop"};
  meta.labels["app"] = "front";
  meta.annotations["note"] = "";
  CHECK(meta.key() == "shop/web");
  CHECK(ObjectMeta{.name = "node-a"}.key() == "node-a");
  CHECK(*meta.label("app") == "front");
  CHECK(meta.label("note") == nullptr);
  CHECK(*meta.annotation("note") == "");
}

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <actimanager/api/json_text.hpp>

using actimanager::api::json_text;
using nlohmann::json;

TEST_CASE("JSON is written on one line or indented, also where a string is no UTF-8") {
  const json value{{"b", json::array({1, 2})}, {"a", "ä"}};
  CHECK(json_text(value) == R"({"a":"ä","b":[1,2]})");
  CHECK(json_text(json{{"a", 1}}, 2) == "{\n  \"a\": 1\n}");
  CHECK(json_text(json{{"a", "x\xffy"}}) == "{\"a\":\"x\xEF\xBF\xBDy\"}");
}

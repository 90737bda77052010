#include "json_to_yaml.hpp"

#include <algorithm>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <actimanager/api/yaml.hpp>

using actimanager::api::yaml_to_json;
using actimanager::app::json_to_yaml;
using nlohmann::json;

TEST_CASE("keys and strings that look like something else are quoted") {
  const json value{{"0", "yes"}, {"plain", "word"}, {"empty", ""}, {"null", "null"}, {"date", "2026-01-01"}};
  const auto text = json_to_yaml(value);
  CHECK(text.contains("\"0\": \"yes\""));
  CHECK(text.contains("plain: word"));
  CHECK(yaml_to_json(text).value() == value);
}

TEST_CASE("lists of numbers stand on one line, empty ones are kept") {
  CHECK(json_to_yaml({{"cpus", {0, 1, 2}}}) == "cpus: [0, 1, 2]\n");
  const json long_list{{"cpus", std::vector<int>(500, 7)}};
  CHECK(std::ranges::count(json_to_yaml(long_list), '\n') == 1);
  const json empty{{"none", json::array()}, {"nothing", json::object()}, {"null", nullptr}, {"true", true}};
  CHECK(yaml_to_json(json_to_yaml(empty)).value() == empty);
}

TEST_CASE("text with newlines, quotes and colons comes back as it was") {
  const json value{{"text", "a: b\n\"c\" # d\t\xc3\xa4"}, {"list", {{{"a", {1, {{"b", "- c"}}}}}}}};
  CHECK(yaml_to_json(json_to_yaml(value)).value() == value);
}

#include "json_to_yaml.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>
#include <yaml-cpp/yaml.h>

using actimanager::app::json_to_yaml;
using nlohmann::json;

TEST_CASE("keys and strings that look like something else are quoted") {
  const auto text = json_to_yaml(
      {{"0", "yes"}, {"plain", "word"}, {"empty", ""}, {"null", "null"}, {"date", "2026-01-01"}});
  CHECK(text.find("\"0\": \"yes\"") != std::string::npos);
  CHECK(text.find("plain: word") != std::string::npos);
  const auto back = YAML::Load(text);
  CHECK(back["0"].as<std::string>() == "yes");
  CHECK(back["empty"].as<std::string>().empty());
  CHECK(back["null"].as<std::string>() == "null");
  CHECK(back["date"].as<std::string>() == "2026-01-01");
}

TEST_CASE("lists of numbers stand on one line, empty ones are kept") {
  CHECK(json_to_yaml({{"cpus", {0, 1, 2}}}) == "cpus: [0, 1, 2]\n");
  CHECK(
      YAML::Load(json_to_yaml({{"none", json::array()}, {"nothing", json::object()}}))["none"].IsSequence());
}

TEST_CASE("text with newlines, quotes and colons comes back as it was") {
  const std::string text = "a: b\n\"c\" # d\t\xc3\xa4";
  CHECK(YAML::Load(json_to_yaml({{"text", text}}))["text"].as<std::string>() == text);
}

#include <random>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <actimanager/api/json_value.hpp>

using namespace actimanager;
using namespace actimanager::api;
using nlohmann::json;

namespace {

using Kind = JsonValue::Kind;

// As it was written, but for numbers that are no 64-bit integers.
json again(const JsonValue& value) {
  switch (value.kind) {
    case Kind::null:
      return nullptr;
    case Kind::boolean:
      return value.boolean;
    case Kind::integer:
      return value.integer;
    case Kind::large:
      return "large";
    case Kind::real:
      return "real";
    case Kind::string:
      return value.string;
    case Kind::list: {
      auto list = json::array();
      for (const auto& item : value) list.push_back(again(item));
      return list;
    }
    case Kind::object: {
      auto object = json::object();
      for (const auto& member : value) object[std::string(member.key)] = again(member);
      return object;
    }
  }
  return nullptr;
}

json random_json(std::minstd_rand& random, int depth) {
  switch (random() % (depth == 0 ? 5 : 8)) {
    case 0:
      return nullptr;
    case 1:
      return random() % 2 == 0;
    case 2:
      return static_cast<std::int64_t>(random()) - (1 << 30);
    case 3:
      return "";
    case 4:
      return "\xc3\xa9 \"quoted\\\" \n" + std::to_string(random());
    case 5: {
      auto list = json::array();
      for (auto count = random() % 4; count > 0; --count) list.push_back(random_json(random, depth - 1));
      return list;
    }
    default: {
      auto object = json::object();
      for (auto count = random() % 5; count > 0; --count) {
        object["k" + std::to_string(random() % 9)] = random_json(random, depth - 1);
      }
      return object;
    }
  }
}

}  // namespace

TEST_CASE("JsonDocument: holds what was written, read from text or from JSON") {
  std::minstd_rand random(3);
  JsonDocument document;
  for (int round = 0; round < 500; ++round) {
    const json written = {{"root", random_json(random, 5)}};
    REQUIRE(document.parse(written.dump()));
    CHECK(again(document.root()) == written);
    CHECK(again(JsonDocument(written).root()) == written);
  }
}

TEST_CASE("JsonDocument: numbers") {
  const char* const text =
      "[0, -1, 9223372036854775807, -9223372036854775808, 9223372036854775808, 18446744073709551615, 1.5, "
      "1e3]";
  const std::vector<Kind> kinds = {Kind::integer, Kind::integer, Kind::integer, Kind::integer,
                                   Kind::large,   Kind::large,   Kind::real,    Kind::real};
  JsonDocument parsed;
  REQUIRE(parsed.parse(text));
  const auto written = json::parse(text);
  const JsonDocument converted(written);
  for (const auto* document : {&std::as_const(parsed), &converted}) {
    std::vector<Kind> found;
    for (const auto& item : document->root()) found.push_back(item.kind);
    CHECK(found == kinds);
  }
}

TEST_CASE("JsonDocument: members are found, and only those of objects") {
  JsonDocument document;
  REQUIRE(document.parse(R"({"a": {"b": 1}, "b": "x", "l": ["b"], "n": null})"));
  const auto& root = document.root();
  REQUIRE(root.find("a") != nullptr);
  CHECK(root.find("a")->find("b")->integer == 1);
  CHECK(root.text_of("b") == "x");
  CHECK(root.text_of("a").empty());
  CHECK(root.text_of("absent").empty());
  CHECK(root.find("absent") == nullptr);
  CHECK(root.find("l")->find("b") == nullptr);
  CHECK(root.find("n")->kind == Kind::null);
  CHECK(root.find("n")->empty());
  CHECK_FALSE(root.find("l")->empty());
}

TEST_CASE("JsonDocument: what is no JSON is refused, and what was there before is gone") {
  JsonDocument document;
  CHECK(document.root().kind == Kind::null);
  for (const char* text : {"", "{", "{}}", "{\"a\":}", "nil", "\"\xff\"", "[1 2]"}) {
    CAPTURE(text);
    REQUIRE(document.parse("{}"));
    const auto outcome = document.parse(text);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == Errc::invalid_argument);
    CHECK(document.root().kind == Kind::null);
  }
}

TEST_CASE("JsonDocument: a long text does not spoil the next one") {
  JsonDocument document;
  for (const std::size_t length : {std::size_t{10}, std::size_t{2} << 20, std::size_t{10}}) {
    const std::string string(length, 'x');
    REQUIRE(document.parse("{\"a\":\"" + string + "\"}"));
    CHECK(document.root().text_of("a") == string);
  }
}

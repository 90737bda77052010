#include <limits>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <nlohmann/json.hpp>

#include <actimanager/api/json_cursor.hpp>

using namespace actimanager;
using namespace actimanager::api;
using nlohmann::json;

namespace {

// The error that reading the document like this ends with; "" where it does not.
template <class Read>
std::string error_of(const json& object, Read read) {
  const JsonDocument document(object);
  JsonReader reader(document.root());
  read(reader.root());
  return reader.error() ? reader.error()->context : "";
}

}  // namespace

TEST_CASE("absent and null fields read as defaults, however deep") {
  const auto object = json::parse(R"({"null": null, "empty": {}})");
  const JsonDocument document(object);
  JsonReader reader(document.root());
  const auto root = reader.root();
  CHECK_FALSE(root["absent"]);
  CHECK_FALSE(root["null"]);
  CHECK(root["empty"]);
  CHECK(root["absent"]["deeper"]["still"].string("fallback") == "fallback");
  CHECK(root["null"].integer(7) == 7);
  CHECK(root["null"].boolean(true));
  CHECK(root["null"].integer_between(1, 9, 100) == 100);
  int visits = 0;
  root["absent"].each([&](JsonCursor) { ++visits; });
  root["null"].each_member([&](std::string_view, JsonCursor) { ++visits; });
  CHECK(visits == 0);
  CHECK_FALSE(reader.error());
}

TEST_CASE("values of the right type are read") {
  const auto object = json::parse(R"({"s": "x", "b": true, "i": -3, "l": [1, 2], "o": {"a": 1, "b": 2}})");
  const JsonDocument document(object);
  JsonReader reader(document.root());
  const auto root = reader.root();
  CHECK(root["s"].string() == "x");
  CHECK(root["b"].boolean());
  CHECK(root["i"].integer() == -3);
  CHECK(root["i"].integer_between(-3, -3, 0) == -3);
  std::int64_t sum = 0;
  root["l"].each([&](JsonCursor item) { sum += item.integer(); });
  std::string keys;
  root["o"].each_member([&](std::string_view key, JsonCursor item) {
    keys += key;
    sum += item.integer();
  });
  CHECK(sum == 6);
  CHECK(keys == "ab");
  CHECK(reader.finish(5).value() == 5);
}

TEST_CASE("a field of the wrong type is an error that names its path") {
  struct Row {
    const char* text;
    const char* message;
    void (*read)(JsonCursor);
  };
  const auto row = GENERATE(
      Row{R"({"a": {"b": 1}})", "a.b: expected a string", [](JsonCursor c) { c["a"]["b"].string(); }},
      Row{R"({"a": "yes"})", "a: expected true or false", [](JsonCursor c) { c["a"].boolean(); }},
      Row{R"({"a": [{}, {"b": "x"}]})", "a[1].b: expected an integer",
          [](JsonCursor c) {
            c["a"].each([](JsonCursor item) {
              if (item["b"]) item["b"].integer();
            });
          }},
      Row{R"({"a": 1.0})", "a: expected an integer", [](JsonCursor c) { c["a"].integer(); }},
      Row{R"({"a": true})", "a: expected an integer", [](JsonCursor c) { c["a"].integer(); }},
      Row{R"({"a": 9223372036854775808})", "a: is too large", [](JsonCursor c) { c["a"].integer(); }},
      Row{R"({"a": 123456789012345678901234567890})", "a: expected an integer",
          [](JsonCursor c) { c["a"].integer(); }},
      Row{R"({"a": 10})", "a: 10 is not between 0 and 9",
          [](JsonCursor c) { c["a"].integer_between(0, 9, 0); }},
      Row{R"({"a": {}})", "a: expected a list", [](JsonCursor c) { c["a"].each([](JsonCursor) {}); }},
      Row{R"({"a": []})", "a: expected an object",
          [](JsonCursor c) { c["a"].each_member([](std::string_view, JsonCursor) {}); }},
      Row{R"({"a": "x"})", "a: expected an object", [](JsonCursor c) { c["a"]["b"]["c"].string(); }},
      Row{R"([])", "expected an object", [](JsonCursor c) { c["a"].string(); }},
      Row{R"({"m": {"0": {"x y": {"a.b": 1}}}})", R"(m["0"]["x y"]["a.b"]: expected a string)",
          [](JsonCursor c) { c["m"]["0"]["x y"]["a.b"].string(); }});
  CHECK(error_of(json::parse(row.text), row.read) == row.message);
}

TEST_CASE("the first error sticks, and what is read after it are defaults") {
  const auto object = json::parse(R"({"a": 1, "b": 2, "c": [1]})");
  const JsonDocument document(object);
  JsonReader reader(document.root());
  CHECK(reader.root()["a"].string("d") == "d");
  CHECK(reader.root()["b"].string("d") == "d");
  reader.root()["c"].fail("whatever");
  const auto outcome = reader.finish(1);
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Errc::invalid_argument);
  CHECK(outcome.error().context == "a: expected a string");
}

TEST_CASE("the integers at the edges of 64 bits are read exactly") {
  const auto object = json::parse("[9223372036854775807, -9223372036854775808]");
  const JsonDocument document(object);
  JsonReader reader(document.root());
  std::vector<std::int64_t> read;
  reader.root().each([&](JsonCursor item) { read.push_back(item.integer()); });
  CHECK(read ==
        std::vector{std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()});
}

TEST_CASE("an error beside a value nested without end is told, not died of") {
  auto text = std::string(R"({"deep": )");
  constexpr int depth = 300'000;
  for (int i = 0; i < depth; ++i) text += "[";
  for (int i = 0; i < depth; ++i) text += "]";
  text += R"(, "name": 5})";
  const auto object = json::parse(text);
  CHECK(error_of(object, [](JsonCursor c) { c["name"].string(); }) == "name: expected a string");
}

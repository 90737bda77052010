#include "object_splitter.hpp"

#include <random>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

namespace actimanager::kube {
namespace {

using nlohmann::json;
using Body = ObjectSplitter::Body;

struct Split {
  Result<void> outcome;
  std::vector<std::string> objects;
  Result<std::string> envelope = fail(Errc::unavailable, "");
};

// Fed in pieces of `step` bytes.
Split split(Body body, std::string_view text, std::size_t step = 7) {
  ObjectSplitter splitter(body);
  Split result;
  for (std::size_t at = 0; at < text.size() && result.outcome; at += step) {
    result.outcome = splitter.feed(text.substr(at, step),
                                   [&](std::string_view object) { result.objects.emplace_back(object); });
  }
  result.envelope = std::move(splitter).envelope();
  return result;
}

const std::string list_text =
    R"( {"kind":"items", "x":{"items":[1]}, "items" : [ {"a":1,"metadata":{"name":"x\\",
  "labels":{"items":[{}]}}} , {"items":[{"b":"}\"{"}]},{}],"metadata":{"resourceVersion":"7"}})";

TEST_CASE("ObjectSplitter: a list's items one by one, whatever the pieces it arrives in") {
  for (std::size_t step = 1; step <= list_text.size(); ++step) {
    const auto result = split(Body::list, list_text, step);
    REQUIRE(result.outcome);
    REQUIRE(result.objects.size() == 3);
    CHECK(json::parse(result.objects[0]) ==
          json::parse(R"({"a":1,"metadata":{"name":"x\\","labels":{"items":[{}]}}})"));
    CHECK(json::parse(result.objects[1]) == json::parse(R"({"items":[{"b":"}\"{"}]})"));
    CHECK(result.objects[2] == "{}");
    REQUIRE(result.envelope);
    CHECK(json::parse(*result.envelope) ==
          json::parse(R"({"kind":"items","x":{"items":[1]},"items":[],"metadata":{"resourceVersion":"7"}})"));
  }
}

TEST_CASE("ObjectSplitter: a watch's events one by one") {
  const std::string text = R"({"type":"ADDED","object":{"metadata":{"name":"a"}}})"
                           "\n"
                           R"({"type":"BOOKMARK","object":{}}{"type":"DELETED"})";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    const auto result = split(Body::watch, text, step);
    REQUIRE(result.outcome);
    REQUIRE(result.objects.size() == 3);
    CHECK(json::parse(result.objects[0])["object"]["metadata"]["name"] == "a");
    CHECK(json::parse(result.objects[2])["type"] == "DELETED");
  }
}

TEST_CASE("ObjectSplitter: a list that ends in the middle is not taken for one") {
  for (std::size_t length = 1; length < list_text.size(); ++length) {
    const auto result = split(Body::list, list_text.substr(0, length));
    CHECK_FALSE(result.envelope);
  }
}

TEST_CASE("ObjectSplitter: what is no list of objects is refused") {
  for (const char* text : {"[]", "7", "\"x\"", "<html>", "{]", "{\"items\":[7]}", "{\"items\":[[]]}",
                           "{\"items\":[\"a\"]}", "{}{}", "]"}) {
    CAPTURE(text);
    CHECK_FALSE(split(Body::list, text).outcome);
  }
  CHECK_FALSE(split(Body::watch, "[{}]").outcome);
}

TEST_CASE("ObjectSplitter: depth and size are bounded") {
  const std::string deep = "{\"items\":[{\"a\":" + std::string(100, '[');
  CHECK(split(Body::list, deep).outcome.error().code == Errc::out_of_range);
  const std::string large = "{\"items\":[{\"a\":\"" + std::string(ObjectSplitter::max_object + 1, 'x');
  CHECK(split(Body::list, large, 65536).outcome.error().code == Errc::out_of_range);
  const std::string envelope = "{\"metadata\":\"" + std::string(ObjectSplitter::max_object + 1, 'x');
  CHECK(split(Body::list, envelope, 65536).outcome.error().code == Errc::out_of_range);
}

TEST_CASE("ObjectSplitter: random bytes never do more than fail") {
  std::minstd_rand random(7);
  const std::string letters = "{}[]\",:\\ amedtisngF1\n";
  for (int round = 0; round < 3000; ++round) {
    std::string text(round % 3 == 0 ? "" : "{\"items\":[");
    for (int i = 0; i < 60; ++i) text += letters[random() % letters.size()];
    for (const auto body : {Body::list, Body::watch}) {
      for (const auto& object : split(body, text, 1 + random() % 5).objects) {
        CHECK(object.front() == '{');
        CHECK(object.back() == '}');
      }
    }
  }
}

}  // namespace
}  // namespace actimanager::kube

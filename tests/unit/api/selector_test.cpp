#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <actimanager/api/json_cursor.hpp>
#include <actimanager/api/selector.hpp>

using namespace actimanager;
using namespace actimanager::api;

namespace {

Result<LabelSelector> decode(const char* text) {
  const auto json = nlohmann::json::parse(text);
  const JsonDocument document(json);
  JsonReader reader(document.root());
  auto selector = decode_label_selector(reader.root());
  return reader.finish(std::move(selector));
}

}  // namespace

TEST_CASE("a selector that is absent selects nothing, an empty one everything") {
  CHECK_FALSE(decode("null").value().matches({}));
  CHECK_FALSE(decode("null").value().selects_everything());
  CHECK(decode("{}").value().matches({}));
  CHECK(decode("{}").value().selects_everything());
  CHECK_FALSE(decode(R"({"matchLabels": {"a": "1"}})").value().selects_everything());
}

TEST_CASE("all requirements of a selector must hold") {
  const auto selector = decode(R"({"matchLabels": {"app": "web"}, "matchExpressions": [
    {"key": "tier", "operator": "In", "values": ["front", "back"]},
    {"key": "zone", "operator": "NotIn", "values": ["c"]},
    {"key": "owner", "operator": "Exists"},
    {"key": "canary", "operator": "DoesNotExist"}]})")
                            .value();
  const StringMap fits = {{"app", "web"}, {"tier", "back"}, {"owner", ""}};
  CHECK(selector.matches(fits));
  const auto with = [&](const char* key, const char* value) {
    auto labels = fits;
    labels[key] = value;
    return labels;
  };
  const auto without = [&](const char* key) {
    auto labels = fits;
    labels.erase(key);
    return labels;
  };
  CHECK_FALSE(selector.matches(with("app", "db")));
  CHECK_FALSE(selector.matches(with("tier", "middle")));
  CHECK_FALSE(selector.matches(without("tier")));
  CHECK_FALSE(selector.matches(with("zone", "c")));
  CHECK(selector.matches(with("zone", "d")));
  CHECK_FALSE(selector.matches(without("owner")));
  CHECK_FALSE(selector.matches(with("canary", "no")));
}

TEST_CASE("a selector made of labels wants each of them") {
  const auto selector = LabelSelector::of({{"a", "1"}, {"b", "2"}});
  CHECK(selector.matches({{"a", "1"}, {"b", "2"}, {"c", "3"}}));
  CHECK_FALSE(selector.matches({{"a", "1"}}));
  CHECK(LabelSelector::of({}).selects_everything());
}

TEST_CASE("an operator that does not exist is named by its path") {
  CHECK(decode(R"({"matchExpressions": [{"key": "a", "operator": "Near"}]})").error().context ==
        "matchExpressions[0].operator: \"Near\" is not one of In, NotIn, Exists, DoesNotExist");
}

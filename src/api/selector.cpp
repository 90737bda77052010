#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <actimanager/api/selector.hpp>

namespace actimanager::api {

bool LabelRequirement::matches(const StringMap& labels) const {
  const auto it = labels.find(key);
  const bool has = it != labels.end();
  if (op == "Exists") return has;
  if (op == "DoesNotExist") return !has;
  const bool listed = has && std::ranges::find(values, it->second) != values.end();
  return op == "In" ? listed : !listed;
}

bool LabelSelector::matches(const StringMap& labels) const {
  return given && std::ranges::all_of(requirements, [&](const auto& r) { return r.matches(labels); });
}

void LabelSelector::require(std::string_view key, std::string_view value) {
  requirements.push_back({std::string(key), "In", {std::string(value)}});
}

LabelSelector LabelSelector::of(const StringMap& labels) {
  LabelSelector selector{.given = true};
  for (const auto& [key, value] : labels) selector.require(key, value);
  return selector;
}

LabelSelector decode_label_selector(JsonCursor cursor) {
  LabelSelector selector{.given = static_cast<bool>(cursor)};
  cursor["matchLabels"].each_member(
      [&](std::string_view key, JsonCursor value) { selector.require(key, value.string()); });
  cursor["matchExpressions"].each([&](JsonCursor item) {
    constexpr std::array<std::string_view, 4> operators = {"In", "NotIn", "Exists", "DoesNotExist"};
    LabelRequirement requirement{item["key"].string(), item["operator"].string(), {}};
    if (!item["operator"]) item.fail("operator is required");
    if (std::ranges::find(operators, requirement.op) == operators.end()) {
      item["operator"].fail(
          fmt::format("\"{}\" is not one of In, NotIn, Exists, DoesNotExist", requirement.op));
    }
    item["values"].each([&](JsonCursor value) { requirement.values.push_back(value.string()); });
    selector.requirements.push_back(std::move(requirement));
  });
  return selector;
}

}  // namespace actimanager::api

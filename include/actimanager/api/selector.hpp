// Label selectors (apimachinery meta/v1 LabelSelector), as Kubernetes matches them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <actimanager/api/json_cursor.hpp>
#include <actimanager/api/meta.hpp>

namespace actimanager::api {

struct LabelRequirement {
  std::string key;
  std::string op;  // In, NotIn, Exists, DoesNotExist
  std::vector<std::string> values;

  bool matches(const StringMap& labels) const;
  bool operator==(const LabelRequirement&) const = default;
};

struct LabelSelector {
  bool given = false;  // a selector that is absent selects nothing, an empty one everything
  std::vector<LabelRequirement> requirements;

  bool matches(const StringMap& labels) const;
  bool selects_everything() const { return given && requirements.empty(); }
  void require(std::string_view key, std::string_view value);
  bool operator==(const LabelSelector&) const = default;

  // Of what every Pod with these labels has.
  static LabelSelector of(const StringMap& labels);
};

// {"matchLabels", "matchExpressions"}, or absent. An operator that does not exist is an error.
LabelSelector decode_label_selector(JsonCursor selector);

}  // namespace actimanager::api

#include "helpers.hpp"

#include <algorithm>

#include <actimanager/scheduler/framework.hpp>

namespace actimanager::scheduler {

void normalize_to_highest(std::span<std::int64_t> scores, bool reverse) {
  const auto highest = scores.empty() ? 0 : std::max<std::int64_t>(0, std::ranges::max(scores));
  for (auto& score : scores) {
    if (highest == 0) {
      if (reverse) score = max_node_score;
      continue;
    }
    score = max_node_score * score / highest;
    if (reverse) score = max_node_score - score;
  }
}

void only_fields(api::JsonCursor object, std::initializer_list<std::string_view> names) {
  object.each_member([&](std::string_view key, api::JsonCursor member) {
    if (std::ranges::find(names, key) == names.end()) member.fail("unknown field");
  });
}

}  // namespace actimanager::scheduler

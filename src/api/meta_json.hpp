// JSON of the parts that all kinds share; used by the kinds' own codecs.
#pragma once

#include <string_view>
#include <vector>

#include <actimanager/api/json_cursor.hpp>
#include <actimanager/api/meta.hpp>
#include <actimanager/core/cpu_set.hpp>

namespace actimanager::api {

ObjectMeta decode_meta(JsonCursor metadata);
StringMap decode_string_map(JsonCursor object);
std::vector<Condition> decode_conditions(JsonCursor list);
nlohmann::json encode(const std::vector<Condition>& conditions);
Time decode_time(JsonCursor text);

// A set written as a list string, "0-3,8".
CpuSet decode_cpu_list(JsonCursor text);
NumaSet decode_numa_list(JsonCursor text);

// The enumerator whose text this is, the first one for an absent field; an unknown text is an error.
template <class Enum, class Names>
Enum decode_enum(JsonCursor text, const Names& names) {
  const auto word = text.string();
  for (std::size_t i = 0; i < std::size(names); ++i) {
    if (word == names[i]) return static_cast<Enum>(i);
  }
  if (text) text.fail("\"" + word + "\" is not one of its values");
  return Enum{};
}

}  // namespace actimanager::api

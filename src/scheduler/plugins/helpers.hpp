// For any plugin: its arguments, and its scores.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include <actimanager/api/json_cursor.hpp>

namespace actimanager::scheduler {

// Any other member is an error that names it.
void only_fields(api::JsonCursor object, std::initializer_list<std::string_view> names);

// Scores from 0 up become [0, 100]: the highest 100, in proportion; reversed: the lowest best.
void normalize_to_highest(std::span<std::int64_t> scores, bool reverse);

}  // namespace actimanager::scheduler

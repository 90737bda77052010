// For unordered containers of std::string that are searched by std::string_view without a copy.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace actimanager {

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

}  // namespace actimanager

#include "text.hpp"

#include <string>

#include <fmt/format.h>

namespace actimanager::topology {

std::string format_bytes(std::uint64_t bytes) {
  constexpr std::string_view units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  std::size_t unit = 0;
  std::uint64_t divisor = 1;
  while (unit + 1 < std::size(units) && bytes / divisor >= 1024) {
    divisor *= 1024;
    ++unit;
  }
  const auto tenths = (bytes / divisor) * 10 + (bytes % divisor) * 10 / divisor;
  if (tenths % 10 == 0 || tenths >= 10000) return fmt::format("{} {}", tenths / 10, units[unit]);
  return fmt::format("{}.{} {}", tenths / 10, tenths % 10, units[unit]);
}

std::string count(std::size_t number, std::string_view what) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

int columns(std::string_view text) {
  int width = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      i = text.find('m', i);
      if (i == std::string_view::npos) break;
    } else if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) {
      ++width;
    }
  }
  return width;
}

}  // namespace actimanager::topology

// Text for drawings: numbers with their units, colours, widths.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace actimanager::topology {

// "64 GiB", "1.5 MiB", "512 KiB": the largest unit that leaves at least 1, one decimal where it matters.
std::string format_bytes(std::uint64_t bytes);

// "1 socket", "2 sockets".
std::string count(std::size_t number, std::string_view what);

// Columns that UTF-8 text takes in a terminal: one for each code point (drawings use no wide ones), none for
// colour escapes.
int columns(std::string_view text);

}  // namespace actimanager::topology

// UTF-8 text that has to fit somewhere.
#pragma once

#include <cstddef>
#include <string_view>

namespace actimanager {

// The longest prefix of at most `bytes` bytes that does not end within a character: what is valid UTF-8 stays
// so.
inline std::string_view utf8_prefix(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; };
  while (bytes > 0 && continues(text[bytes])) --bytes;
  return text.substr(0, bytes);
}

}  // namespace actimanager

#include "system_files.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>

namespace actimanager::host {
namespace {

constexpr std::size_t max_length = 1 << 20;

bool is_number(const std::string& name) {
  return !name.empty() && std::ranges::all_of(name, [](unsigned char c) { return std::isdigit(c) != 0; });
}

bool is_word_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
}

}  // namespace

std::optional<std::string> read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  // Most are short: not all of the 1 MiB is had for them.
  std::string text;
  char piece[4096];
  while (text.size() < max_length && (file.read(piece, sizeof piece) || file.gcount() > 0))
    text.append(piece, static_cast<std::size_t>(file.gcount()));
  if (file.bad()) return std::nullopt;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::vector<Process> processes(const std::string& root) {
  std::vector<Process> found;
  std::error_code error;
  for (std::filesystem::directory_iterator it(root + "/proc", error), end; !error && it != end;
       it.increment(error)) {
    if (!is_number(it->path().filename())) continue;
    auto name = read_text(it->path() / "comm");
    const auto line = read_text(it->path() / "cmdline");
    if (!name || !line) continue;
    Process process{std::move(*name), {}};
    for (std::size_t at = 0; at < line->size();) {
      const auto end_of_word = std::min(line->find('\0', at), line->size());
      process.arguments.push_back(line->substr(at, end_of_word - at));
      at = end_of_word + 1;
    }
    found.push_back(std::move(process));
  }
  return found;
}

std::optional<std::string> flag_value(const std::vector<std::string>& arguments, std::string_view name) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view argument = arguments[i];
    if (!argument.starts_with(name)) continue;
    argument.remove_prefix(name.size());
    if (argument.starts_with('=')) return std::string(argument.substr(1));
    if (argument.empty() && i + 1 < arguments.size()) return arguments[i + 1];
  }
  return std::nullopt;
}

std::optional<std::string> word_after_key(std::string_view text, std::string_view key) {
  for (auto at = text.find(key); at != std::string_view::npos; at = text.find(key, at + 1)) {
    if (at > 0 && is_word_char(text[at - 1])) continue;
    auto rest = text.substr(at + key.size());
    const auto colon = rest.find_first_not_of("\" ");
    if (colon == std::string_view::npos || rest[colon] != ':') continue;
    rest.remove_prefix(colon + 1);
    rest.remove_prefix(std::min(rest.find_first_not_of("\" "), rest.size()));
    const auto end = std::ranges::find_if_not(rest, is_word_char) - rest.begin();
    if (end > 0) return std::string(rest.substr(0, static_cast<std::size_t>(end)));
  }
  return std::nullopt;
}

}  // namespace actimanager::host

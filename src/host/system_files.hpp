// Reading /proc, /sys and what programs leave in files, below a prefix.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace actimanager::host {

// Up to 1 MiB of a file, without newlines at its end; nullopt: it cannot be read.
std::optional<std::string> read_text(const std::string& path);

struct Process {
  std::string name;                    // comm: its first 15 characters
  std::vector<std::string> arguments;  // the program first; empty for kernel threads
};
// Those below <root>/proc that we may see. Ones that end meanwhile are left out.
std::vector<Process> processes(const std::string& root);

// The value of "--name=value" or "--name value" on a command line.
std::optional<std::string> flag_value(const std::vector<std::string>& arguments, std::string_view name);

// The word that a JSON or YAML text has for a key, the first time it is there: `"key": "word"`, `key: word`.
// nullopt: there is no such key, or no word. Not a parser: made for keys that cannot mean anything else.
std::optional<std::string> word_after_key(std::string_view text, std::string_view key);

}  // namespace actimanager::host

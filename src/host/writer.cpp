#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <actimanager/host/writer.hpp>

#include "system_files.hpp"

namespace actimanager::host {
namespace {

// The path of "0::/a/b" or "1:name=systemd:/a/b", without what leads out of our cgroup namespace; "": the
// line is another hierarchy's, or the path the top.
std::string_view path_of(std::string_view line, std::string_view hierarchy) {
  const auto number = line.find(':');
  if (number == std::string_view::npos || !line.substr(number + 1).starts_with(hierarchy)) return {};
  auto path = line.substr(number + 1 + hierarchy.size());
  while (path.starts_with("/..")) path.remove_prefix(3);
  return path == "/" ? std::string_view() : path;
}

std::string_view unit_of(std::string_view path) {
  constexpr std::array<std::string_view, 3> kinds{".service", ".scope", ".slice"};
  while (!path.empty()) {
    const auto slash = path.rfind('/');
    const auto name = path.substr(slash + 1);
    if (std::ranges::any_of(kinds, [&](std::string_view kind) { return name.ends_with(kind); })) return name;
    path = path.substr(0, slash);
  }
  return {};
}

// A name is the process' own choice.
std::string printable(std::string name) {
  std::ranges::replace_if(name, [](unsigned char c) { return c < ' ' || c > '~'; }, '?');
  return name;
}

}  // namespace

std::string to_string(const Writer& writer) {
  if (writer.pid == 0) return "a process outside of the agent's PID namespace";
  const auto where = writer.cgroup.empty() ? std::string() : ", " + writer.cgroup;
  if (writer.name.empty()) return fmt::format("a process that has ended (pid {}{})", writer.pid, where);
  return fmt::format("{} (pid {}{})", writer.name, writer.pid, where);
}

Writer glimpse_writer(pid_t pid, const std::string& root) {
  Writer writer{pid, {}, {}};
  if (pid != 0) writer.name = printable(read_text(fmt::format("{}/proc/{}/comm", root, pid)).value_or(""));
  return writer;
}

void place_writer(Writer& writer, const std::string& root) {
  if (writer.pid == 0) return;
  const auto cgroups = read_text(fmt::format("{}/proc/{}/cgroup", root, writer.pid));
  writer.cgroup = printable(place_of(cgroups.value_or("")));
}

std::string place_of(std::string_view proc_cgroup) {
  std::string_view path;
  for (const std::string_view hierarchy : {":", "name=systemd:"}) {
    for (auto rest = proc_cgroup; path.empty() && !rest.empty();) {
      const auto line = rest.substr(0, rest.find('\n'));
      path = path_of(line, hierarchy);
      rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    }
  }
  const auto unit = unit_of(path);
  return std::string(unit.empty() ? path : unit);
}

}  // namespace actimanager::host

// Writer: a process that wrote a cpuset, as far as /proc still tells of it.
#pragma once

#include <string>
#include <string_view>
#include <sys/types.h>

namespace actimanager::host {

struct Writer {
  pid_t pid = 0;       // in our PID namespace; 0: it is outside of it, and nothing else is known
  std::string name;    // comm, its first 15 characters; "": it had ended before it was looked at
  std::string cgroup;  // its systemd unit, else its cgroup; "": the top one, or not known
  bool operator==(const Writer&) const = default;
};

// "koordlet (pid 4711, koordlet.service)"
std::string to_string(const Writer& writer);

// The process by its name in <root>/proc: microseconds, since it may end at any time. The kernel gives a pid
// anew only after all others, so that within milliseconds it is still the same one.
Writer glimpse_writer(pid_t pid, const std::string& root = "");
// Finds out where it is, when there is time for that: "" if it has ended meanwhile.
void place_writer(Writer& writer, const std::string& root = "");

// Where a process is, of the text of its /proc/PID/cgroup: the name of its systemd unit, else the path of its
// cgroup; "": the top. Of v2's hierarchy, or systemd's own where there are several.
std::string place_of(std::string_view proc_cgroup);

}  // namespace actimanager::host

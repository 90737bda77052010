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

// What <root>/proc says of the process now. The kernel gives a pid anew only after all others, so that within
// milliseconds it is still the same one.
Writer find_writer(pid_t pid, const std::string& root = "");

// Where a process is, of the text of its /proc/PID/cgroup: the name of its systemd unit, else the path of its
// cgroup; "": the top. Of v2's hierarchy, or systemd's own where there are several.
std::string place_of(std::string_view proc_cgroup);

}  // namespace actimanager::host

// Presence: tells other programs on the node that an agent keeps its cpusets. A shared lock (flock) on
// the directory at the top of the cpuset hierarchy: seen across mount and PID namespaces, since the directory
// is one and the same in all of them, and gone with the process, however it ends.
//
// Not promised: anything about an agent of another hierarchy (another --cgroups-path), or of a version that
// does not know of this.
#pragma once

#include <actimanager/core/error.hpp>
#include <actimanager/host/cgroup.hpp>

namespace actimanager::host {

// An agent is here, for as long as `root` stays open. Any number may be. Blocks for up to 20 ms where
// somebody claims that there is none. Errors: the errno (EWOULDBLOCK: somebody keeps claiming it).
Result<void> announce_agent(const Cgroup& root);

// Whether no agent is here; if so none can announce itself for as long as `root` stays open.
// Errors: the errno.
Result<bool> claim_without_agent(const Cgroup& root);

// The one agent that pins: of several in one hierarchy the first, until it ends. Another lock, on another
// file, of the same kind and with the same limits.
class PinningClaim {
 public:
  PinningClaim() = default;
  ~PinningClaim();
  PinningClaim(const PinningClaim&) = delete;
  PinningClaim& operator=(const PinningClaim&) = delete;

  // Whether it is ours, from now on for as long as this lives. Errors: the errno.
  Result<bool> take(const Cgroup& root);

 private:
  int fd_ = -1;
};

}  // namespace actimanager::host

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <sys/file.h>
#include <thread>
#include <unistd.h>

#include <actimanager/host/presence.hpp>

#include "last_error.hpp"

namespace actimanager::host {
namespace {

// Who only asks whether an agent is here holds the lock for microseconds.
constexpr int attempts = 10;
constexpr std::chrono::milliseconds between_attempts{2};

}  // namespace

Result<void> announce_agent(const Cgroup& root) {
  int error = 0;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    if (::flock(root.fd(), LOCK_SH | LOCK_NB) == 0) return {};
    error = errno;
    if (error != EWOULDBLOCK) break;
    std::this_thread::sleep_for(between_attempts);
  }
  return fail(std::error_code(error, std::generic_category()), root.path() + ": announce the agent");
}

Result<bool> claim_without_agent(const Cgroup& root) {
  if (::flock(root.fd(), LOCK_EX | LOCK_NB) == 0) return true;
  if (errno == EWOULDBLOCK) return false;
  return fail(last_error(), root.path() + ": look for an agent");
}

PinningClaim::~PinningClaim() {
  if (fd_ >= 0) ::close(fd_);
}

Result<bool> PinningClaim::take(const Cgroup& root) {
  if (fd_ >= 0) return true;
  const int fd = ::openat(root.fd(), "cgroup.procs", O_RDONLY | O_CLOEXEC);
  if (fd >= 0 && ::flock(fd, LOCK_EX | LOCK_NB) == 0) {
    fd_ = fd;
    return true;
  }
  const std::error_code error = last_error();
  if (fd >= 0) ::close(fd);
  if (error == std::errc::operation_would_block) return false;
  return fail(error, root.path() + ": claim the pinning");
}

}  // namespace actimanager::host

#include <cerrno>
#include <chrono>
#include <sys/file.h>
#include <thread>

#include <actimanager/host/presence.hpp>

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
  return fail(std::error_code(errno, std::generic_category()), root.path() + ": look for an agent");
}

}  // namespace actimanager::host

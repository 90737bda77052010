#include "open_beneath.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace actimanager::host {

int open_beneath(int directory, const char* path, int flags) {
  open_how how{};
  how.flags = static_cast<decltype(how.flags)>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const auto fd = ::syscall(SYS_openat2, directory, path, &how, sizeof how);
  // Sandboxes that do not know the call answer EPERM; where it was the file's answer, openat says so again.
  if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) return static_cast<int>(fd);
  if (std::strchr(path, '/') != nullptr || std::strcmp(path, "..") == 0) {
    errno = ENOSYS;
    return -1;
  }
  return ::openat(directory, path, flags | O_CLOEXEC | O_NOFOLLOW);
}

}  // namespace actimanager::host

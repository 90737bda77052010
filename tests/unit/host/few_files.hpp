// FewFiles: for as long as it lives, this process can open only so many files more.
#pragma once

#include <stdexcept>
#include <sys/resource.h>
#include <unistd.h>

namespace actimanager::host::testing {

class FewFiles {
 public:
  explicit FewFiles(int more) {
    const int next = ::dup(STDERR_FILENO);
    if (next < 0 || ::close(next) != 0 || ::getrlimit(RLIMIT_NOFILE, &before_) != 0)
      throw std::runtime_error("FewFiles");
    rlimit limit = before_;
    limit.rlim_cur = static_cast<rlim_t>(next) + static_cast<rlim_t>(more);
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) throw std::runtime_error("FewFiles");
  }
  ~FewFiles() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  FewFiles(const FewFiles&) = delete;
  FewFiles& operator=(const FewFiles&) = delete;

 private:
  rlimit before_{};
};

}  // namespace actimanager::host::testing

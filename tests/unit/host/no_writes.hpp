// NoWrites: for as long as it lives, this process cannot write to files.
#pragma once

#include <csignal>
#include <stdexcept>
#include <sys/resource.h>

namespace actimanager::host::testing {

class NoWrites {
 public:
  NoWrites() {
    if (::getrlimit(RLIMIT_FSIZE, &before_) != 0) throw std::runtime_error("NoWrites");
    rlimit limit = before_;
    limit.rlim_cur = 0;
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) throw std::runtime_error("NoWrites");
  }
  ~NoWrites() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  NoWrites(const NoWrites&) = delete;
  NoWrites& operator=(const NoWrites&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

}  // namespace actimanager::host::testing

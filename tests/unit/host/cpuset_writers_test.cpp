#include <fstream>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>

#include <actimanager/host/cpuset_writers.hpp>

#include "cgroup_layout_fake.hpp"

using namespace actimanager;
using namespace actimanager::host;
using namespace actimanager::host::testing;

namespace {

bool has_capability_sys_admin() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("CapEff:")) return (std::stoull(line.substr(8), nullptr, 16) >> 21 & 1) != 0;
  return false;
}

struct Fixture {
  CgroupLayoutFake layout{CgroupVersion::v1};
  Result<std::unique_ptr<CpusetWriters>> writers = CpusetWriters::open();

  PodCgroup pod(const std::string& uid) {
    return {uid, value_or_throw(Cgroup::open(layout.root() / ("pod" + uid), CgroupVersion::v1)), {}};
  }
  // The pid of another process that has written the file, and of which nobody has taken note yet.
  pid_t write_by_other(const std::string& path) {
    const auto child = ::fork();
    if (child == 0) {
      layout.add_file(path, "0");
      ::_exit(0);
    }
    siginfo_t ended{};
    // Not reaped: it is still there to be looked at.
    ::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT);
    return child;
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "CpusetWriters: who wrote a Pod's cpuset is told once; what we wrote is not") {
  REQUIRE(writers.has_value() == has_capability_sys_admin());
  if (!writers) {
    CHECK(writers.error().code == std::errc::operation_not_permitted);
    return;
  }
  layout.add("podabc");
  layout.add("poddef");
  REQUIRE((*writers)->watch_pod(pod("abc")));
  REQUIRE((*writers)->watch_pod(pod("def")));
  layout.add_file("podabc/cpuset.cpus", "1");
  CHECK_FALSE((*writers)->take("abc"));

  const auto child = write_by_other("podabc/cpuset.cpus");
  layout.add_file("podabc/cpuset.mems", "0");
  const auto writer = (*writers)->take("abc");
  REQUIRE(writer);
  CHECK(writer->pid == child);
  CHECK(writer->name == "host-test");
  CHECK_FALSE((*writers)->take("abc"));
  CHECK_FALSE((*writers)->take("def"));
  ::waitpid(child, nullptr, 0);

  const auto other_file = write_by_other("podabc/cgroup.procs");
  CHECK_FALSE((*writers)->take("abc"));
  ::waitpid(other_file, nullptr, 0);

  (*writers)->forget_pod("abc");
  const auto forgotten = write_by_other("podabc/cpuset.cpus");
  CHECK_FALSE((*writers)->take("abc"));
  ::waitpid(forgotten, nullptr, 0);
}

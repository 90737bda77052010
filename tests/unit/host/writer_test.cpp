#include <unistd.h>

#include <catch2/catch_test_macros.hpp>

#include <actimanager/host/writer.hpp>

#include "cgroup_layout_fake.hpp"

using namespace actimanager::host;

TEST_CASE("a process is placed by its systemd unit, else by its cgroup") {
  struct Row {
    const char *what, *text, *place;
  };
  const Row rows[] = {
      {"v2", "0::/system.slice/koordlet.service", "koordlet.service"},
      {"v2, a cgroup that a unit made for itself", "0::/system.slice/kubelet.service/worker",
       "kubelet.service"},
      {"v2, seen out of a cgroup namespace", "0::/../../system.slice/kubelet.service", "kubelet.service"},
      {"v2 without systemd", "0::/pods/pod1/abc", "/pods/pod1/abc"},
      {"v1", "3:cpuset:/\n1:name=systemd:/user.slice/user-0.slice/session-1.scope\n0::/", "session-1.scope"},
      {"v1 without systemd", "3:cpuset:/here\n0::/", ""},
      {"the top", "0::/", ""},
      {"nothing", "", ""},
      {"no such format", "nonsense\n0", ""},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    CHECK(place_of(row.text) == row.place);
  }
}

TEST_CASE("a writer is looked up while it lives, and named after what is known of it") {
  testing::CgroupLayoutFake machine(CgroupVersion::v2);
  const auto root = machine.root().string();
  machine.add_file("proc/47/comm", "koord\x01let\n");
  machine.add_file("proc/47/cgroup", "0::/system.slice/koordlet.service\n");
  machine.add_file("proc/48/comm", "bash\n");
  const auto said = [&root](pid_t pid) {
    auto writer = glimpse_writer(pid, root);
    place_writer(writer, root);
    return to_string(writer);
  };
  CHECK(to_string(glimpse_writer(47, root)) == "koord?let (pid 47)");
  CHECK(said(47) == "koord?let (pid 47, koordlet.service)");
  CHECK(said(48) == "bash (pid 48)");
  CHECK(said(49) == "a process that has ended (pid 49)");
  CHECK(said(0) == "a process outside of the agent's PID namespace");
  CHECK(glimpse_writer(::getpid()).name == "host-test");
}

#include <algorithm>
#include <functional>

#include <catch2/catch_test_macros.hpp>

#include <actimanager/host/diagnosis.hpp>

using namespace actimanager;
using namespace actimanager::host;

namespace {

// A node where all is as it should be.
Examination good() {
  Examination machine;
  machine.cgroups = {.looked_at = "/sys/fs/cgroup",
                     .error = {},
                     .version = CgroupVersion::v1,
                     .hierarchy = "/sys/fs/cgroup/cpuset",
                     .kubepods = {"/sys/fs/cgroup/cpuset/kubepods"},
                     .without_cpuset = {},
                     .driver = CgroupDriver::cgroupfs,
                     .not_writable = {},
                     .pods = 3,
                     .narrowed = 0,
                     .has_agent = false};
  machine.kubelet = {.running = true, .policy = "none", .source = "/var/lib/kubelet/cpu_manager_state"};
  machine.kernel = {.release = "6.12.0",
                    .command_line = "quiet",
                    .online = {0, 1, 2, 3},
                    .present = {0, 1, 2, 3},
                    .inotify_watches = 65536,
                    .inotify_instances = 128};
  return machine;
}

Finding about(const std::vector<Finding>& findings, const std::string& check) {
  const auto it = std::ranges::find(findings, check, &Finding::check);
  REQUIRE(it != findings.end());
  return *it;
}

struct Row {
  const char* sentence;
  std::function<void(Examination&)> spoil;
  const char* check;
  Severity severity;
  const char* says;  // in its message
};

}  // namespace

TEST_CASE("a node where all is well has nothing to say") {
  const auto findings = diagnose(good());
  CHECK(can_pin(findings));
  for (const auto& finding : findings) {
    CAPTURE(finding.check, finding.message);
    CHECK(finding.severity == Severity::ok);
    CHECK(finding.fix.empty());
    CHECK(std::ranges::count(findings, finding.check, &Finding::check) == 1);
  }
}

TEST_CASE("each thing that is wrong is one finding, with what to do about it") {
  const std::vector<Row> rows{
      {"no cpuset hierarchy",
       [](Examination& m) { m.cgroups = {.looked_at = "/sys/fs/cgroup", .error = "no cpuset controller"}; },
       "cgroups", Severity::problem, "no cpuset controller"},
      {"no kubelet", [](Examination& m) { m.cgroups.kubepods.clear(); }, "kubepods", Severity::problem,
       "no kubelet"},
      {"cpuset is not delegated", [](Examination& m) { m.cgroups.without_cpuset = m.cgroups.kubepods; },
       "kubepods", Severity::problem, "does not pass cpuset on"},
      {"a read-only mount", [](Examination& m) { m.cgroups.not_writable = "/x: Read-only file system"; },
       "writable", Severity::problem, "Read-only"},
      {"a static CPU manager", [](Examination& m) { m.kubelet.policy = "static"; }, "CPU manager",
       Severity::problem, "static"},
      {"a policy that is not known", [](Examination& m) { m.kubelet = {}; }, "CPU manager", Severity::warning,
       "not found"},
      {"a topology that hwloc refuses", [](Examination& m) { m.topology_error = "hwloc: no"; }, "topology",
       Severity::problem, "hwloc: no"},
      {"an offline CPU", [](Examination& m) { m.kernel.online = {0, 1, 2}; }, "CPUs", Severity::warning,
       "3 offline"},
      {"a reserved CPU that is not there", [](Examination& m) { m.reserved = {3, 4}; }, "reserved CPUs",
       Severity::problem, "CPU 4"},
      {"a reserved CPU that is offline",
       [](Examination& m) {
         m.kernel.online = {0, 1, 2};
         m.reserved = {0, 3};
       },
       "reserved CPUs", Severity::warning, "CPU 3 is not online"},
      {"nothing but reserved CPUs", [](Examination& m) { m.reserved = {0, 1, 2, 3}; }, "reserved CPUs",
       Severity::warning, "no CPU is left"},
      {"isolated CPUs",
       [](Examination& m) { m.kernel.command_line = "quiet isolcpus=domain,managed_irq,2-3"; },
       "boot parameters", Severity::warning, "isolcpus=2-3"},
      {"few inotify watches", [](Examination& m) { m.kernel.inotify_watches = 100; }, "inotify",
       Severity::warning, "100"},
      {"few inotify instances", [](Examination& m) { m.kernel.inotify_instances = 1; }, "inotify",
       Severity::warning, "max_user_instances 1"},
      {"another pinner", [](Examination& m) { m.pinners = {"koordlet"}; }, "other pinning", Severity::warning,
       "koordlet"},
      {"pins of nobody that runs", [](Examination& m) { m.cgroups.narrowed = 2; }, "other pinning",
       Severity::warning, "2 Pods"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.sentence);
    auto machine = good();
    row.spoil(machine);
    const auto findings = diagnose(machine);
    const auto finding = about(findings, row.check);
    CAPTURE(finding.message);
    CHECK(finding.severity == row.severity);
    CHECK(finding.message.contains(row.says));
    CHECK_FALSE(finding.fix.empty());
    CHECK(can_pin(findings) == (row.severity != Severity::problem));
  }
}

TEST_CASE("what is good to know is no warning") {
  auto machine = good();
  machine.kernel.release = "6.1.0-18-amd64";
  machine.kernel.command_line = "nohz_full=2-3";
  const auto findings = diagnose(machine);
  CHECK(about(findings, "kernel").severity == Severity::note);
  CHECK(about(findings, "kernel").message.contains("6.7"));
  CHECK(about(findings, "boot parameters").severity == Severity::note);
  CHECK(can_pin(findings));
}

TEST_CASE("systemd that makes Pods' cgroups on v2 has to be reached; where it makes none it need not be") {
  auto machine = good();
  machine.systemd = true;
  CHECK(about(diagnose(machine), "systemd").severity == Severity::ok);  // v1
  machine.cgroups.version = CgroupVersion::v2;
  CHECK(about(diagnose(machine), "systemd").severity == Severity::ok);  // cgroupfs
  machine.cgroups.driver = CgroupDriver::systemd;
  const auto finding = about(diagnose(machine), "systemd");
  CHECK(finding.severity == Severity::warning);
  CHECK(finding.message.contains("D-Bus does not answer"));
  CHECK(finding.fix.contains("/run/dbus"));
  CHECK(can_pin(diagnose(machine)));
  machine.dbus = true;
  CHECK(about(diagnose(machine), "systemd").severity == Severity::ok);
}

TEST_CASE("Pods on fewer CPUs are as they should be while an agent runs") {
  auto machine = good();
  machine.cgroups.narrowed = 2;
  machine.cgroups.has_agent = true;
  CHECK(about(diagnose(machine), "other pinning").severity == Severity::ok);
}

TEST_CASE("a kernel of another notation is no newer one") {
  auto machine = good();
  for (const char* release : {"", "next", "5", "6.6.99", "4.19"}) {
    machine.kernel.release = release;
    CHECK(about(diagnose(machine), "kernel").severity == Severity::note);
  }
  for (const char* release : {"6.7", "6.18.44-fc", "7.0.1"}) {
    machine.kernel.release = release;
    CHECK(about(diagnose(machine), "kernel").severity == Severity::ok);
  }
}

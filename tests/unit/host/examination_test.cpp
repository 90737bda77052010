#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <actimanager/host/examination.hpp>
#include <actimanager/host/presence.hpp>

#include "cgroup_layout_fake.hpp"

using namespace actimanager;
using namespace actimanager::host;
using namespace actimanager::host::testing;

namespace {

// A recorded machine: a cgroup tree, and files of /proc, /sys and the kubelet beside it.
class MachineFake : public CgroupLayoutFake {
 public:
  explicit MachineFake(CgroupVersion version) : CgroupLayoutFake(version) {
    add_file("proc/cmdline", "BOOT_IMAGE=/vmlinuz quiet\n");
    add_file("proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
    add_file("proc/sys/fs/inotify/max_user_watches", "65536\n");
    add_file("proc/sys/fs/inotify/max_user_instances", "128\n");
    add_file("sys/devices/system/cpu/online", "0-2\n");
    add_file("sys/devices/system/cpu/present", "0-3\n");
  }
  void run(const std::string& pid, const std::string& name, std::string line) {
    for (auto& c : line)
      if (c == ' ') c = '\0';
    add_file("proc/" + pid + "/comm", name + "\n");
    add_file("proc/" + pid + "/cmdline", line);
  }
  Examination examined() const {
    return examine({.cgroups_path = "/", .reserved = {}, .root = root().string()});
  }
};

}  // namespace

TEST_CASE("the cgroups of a kubelet are found, with what is pinned in them") {
  const auto version = GENERATE(CgroupVersion::v1, CgroupVersion::v2);
  MachineFake machine(version);
  machine.add("kubepods.slice");
  machine.add("kubepods.slice/kubepods-pod1.slice");
  machine.add("kubepods.slice/kubepods-pod2.slice", "3");
  machine.add_file("kubepods.slice/cgroup.subtree_control", "cpuset cpu\n");
  const auto facts = machine.examined().cgroups;
  CHECK(facts.version == version);
  REQUIRE(facts.kubepods.size() == 1);
  CHECK(facts.kubepods[0].ends_with("/kubepods.slice"));
  CHECK(facts.driver == CgroupDriver::systemd);
  CHECK(facts.without_cpuset.empty());
  CHECK(facts.not_writable.empty());
  CHECK(facts.pods == 2);
  CHECK(facts.narrowed == 1);
  CHECK_FALSE(facts.has_agent);
}

TEST_CASE("v2: a kubepods that does not pass cpuset on is told apart") {
  MachineFake machine(CgroupVersion::v2);
  machine.add("kubepods");
  machine.add_file("kubepods/cgroup.subtree_control", "cpu memory\n");
  CHECK(machine.examined().cgroups.without_cpuset.size() == 1);
}

TEST_CASE("cpusets that cannot be written are named") {
  MachineFake machine(CgroupVersion::v1);
  machine.add("kubepods");
  machine.remove("kubepods/cpuset.cpus");
  CHECK(machine.examined().cgroups.not_writable.contains("kubepods/cpuset.cpus"));
}

TEST_CASE("no hierarchy is no fact but its cause") {
  MachineFake machine(CgroupVersion::v1);
  const auto facts = machine.examined().cgroups;
  CHECK_FALSE(facts.version);
  CHECK(facts.error.contains("cpuset"));
}

TEST_CASE("an agent that runs is seen") {
  MachineFake machine(CgroupVersion::v1);
  machine.add("kubepods");
  const auto agent = value_or_throw(Cgroup::open(machine.root().string(), CgroupVersion::v1));
  REQUIRE(announce_agent(*agent));
  CHECK(machine.examined().cgroups.has_agent);
}

TEST_CASE("the CPU manager's policy is the one in force, then the flag's, then the configuration's") {
  MachineFake machine(CgroupVersion::v1);
  CHECK(machine.examined().kubelet.policy.empty());
  machine.add_file("var/lib/kubelet/config.yaml", "kind: KubeletConfiguration\ncpuManagerPolicy: none\n");
  CHECK(machine.examined().kubelet.source == "/var/lib/kubelet/config.yaml");
  machine.run("7", "kubelet", "kubelet --cpu-manager-policy=static --root-dir /data/kubelet");
  auto facts = machine.examined().kubelet;
  CHECK(facts.running);
  CHECK(facts.policy == "static");
  CHECK(facts.source == "--cpu-manager-policy");
  machine.add_file("data/kubelet/cpu_manager_state",
                   R"({"policyName":"none","defaultCpuSet":"","checksum":1})");
  facts = machine.examined().kubelet;
  CHECK(facts.policy == "none");
  CHECK(facts.source == "/data/kubelet/cpu_manager_state");
}

TEST_CASE("a kubelet that says nothing has the default policy, but not one that cannot be heard") {
  MachineFake machine(CgroupVersion::v1);
  SECTION("without a configuration") {
    machine.run("7", "kubelet", "kubelet");
  }
  SECTION("with one that does not name it") {
    machine.run("7", "kubelet", "kubelet --config=/etc/kubelet.yaml");
    CHECK(machine.examined().kubelet.policy.empty());
    machine.add_file("etc/kubelet.yaml", "kind: KubeletConfiguration\n");
  }
  CHECK(machine.examined().kubelet.policy == "none");
  CHECK(machine.examined().kubelet.source == "its default");
}

TEST_CASE("the kernel's and systemd's state are read") {
  MachineFake machine(CgroupVersion::v1);
  machine.add_file("run/systemd/system/x", "");
  machine.run("9", "koordlet", "koordlet");
  const auto examined = machine.examined();
  CHECK(examined.kernel.release == "6.1.0-18-amd64");
  CHECK(examined.kernel.command_line == "BOOT_IMAGE=/vmlinuz quiet");
  CHECK(examined.kernel.online == CpuSet{0, 1, 2});
  CHECK(examined.kernel.present == CpuSet{0, 1, 2, 3});
  CHECK(examined.kernel.inotify_watches == 65536);
  CHECK(examined.kernel.inotify_instances == 128);
  CHECK(examined.systemd);
  CHECK_FALSE(examined.dbus);
  CHECK(examined.pinners == std::vector<std::string>{"koordlet"});
  CHECK(examined.topology_error.empty());
}

#include <catch2/catch_test_macros.hpp>

#include <actimanager/host/other_owners.hpp>

#include "cgroup_layout_fake.hpp"

using namespace actimanager;
using namespace actimanager::host;

TEST_CASE("an agent keeps off where somebody else owns the cpusets") {
  struct Row {
    const char* what;
    OtherOwners owners;
    const char* reason;  // "": it may pin
  };
  const Row rows[] = {
      {"a kubelet that cannot be seen", {}, ""},
      {"a kubelet that never writes a container's cpuset", {.kubelet_policy = "none"}, ""},
      {"CPUs that the kernel's scheduler leaves alone", {.isolated = {2, 3}}, ""},
      {"a kubelet that writes cpusets", {.kubelet_policy = "static"}, "KubeletCPUManager"},
      {"another agent", {.another_agent = true}, "AnotherAgent"},
      {"both: the other agent has the word",
       {.kubelet_policy = "static", .another_agent = true},
       "AnotherAgent"},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    const auto found = objection(row.owners);
    CHECK((found ? found->reason : "") == row.reason);
    CHECK((found && found->silent) == row.owners.another_agent);
  }
  const auto found =
      objection({.kubelet_policy = "static", .policy_source = "/var/lib/kubelet/cpu_manager_state"});
  CHECK(found->message.contains("policy static (/var/lib/kubelet/cpu_manager_state)"));
}

TEST_CASE(
    "the kubelet's policy and the isolated CPUs are read from their files, as far as they can be seen") {
  testing::CgroupLayoutFake machine(CgroupVersion::v2);
  const auto root = machine.root().string();
  CHECK(find_other_owners("/var/lib/kubelet", root) == OtherOwners{});
  machine.add_file("sys/devices/system/cpu/isolated", "\n");
  machine.add_file("var/lib/kubelet/cpu_manager_state", "{\"policyName\":");
  CHECK(find_other_owners("/var/lib/kubelet", root) == OtherOwners{});
  machine.add_file("sys/devices/system/cpu/isolated", "2-3,6\n");
  machine.add_file("var/lib/kubelet/cpu_manager_state",
                   R"({"policyName":"static","defaultCpuSet":"0-7","checksum":14413152})");
  const auto found = find_other_owners("/var/lib/kubelet", root);
  CHECK(found.kubelet_policy == "static");
  CHECK(found.policy_source == "/var/lib/kubelet/cpu_manager_state");
  CHECK(found.isolated == CpuSet{2, 3, 6});
}

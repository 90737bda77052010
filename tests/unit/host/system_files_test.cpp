#include "system_files.hpp"

#include <catch2/catch_test_macros.hpp>

#include "cgroup_layout_fake.hpp"

using namespace actimanager::host;
using actimanager::host::testing::CgroupLayoutFake;

TEST_CASE("a word is found after its key, in JSON and in YAML, and not in other keys") {
  CHECK(word_after_key(R"({"policyName":"static","defaultCpuSet":"0"})", "policyName") == "static");
  CHECK(word_after_key(R"({ "policyName" : "none" })", "policyName") == "none");
  CHECK(word_after_key("kind: X\ncpuManagerPolicy: static\n", "cpuManagerPolicy") == "static");
  CHECK_FALSE(word_after_key("cpuManagerPolicyOptions: {}\n", "cpuManagerPolicy"));
  CHECK_FALSE(word_after_key("# mycpuManagerPolicy: static\n", "cpuManagerPolicy"));
  CHECK_FALSE(word_after_key("cpuManagerPolicy:", "cpuManagerPolicy"));
  CHECK_FALSE(word_after_key("", "cpuManagerPolicy"));
}

TEST_CASE("a flag's value is its own or the next argument") {
  CHECK(flag_value({"kubelet", "--root-dir=/a"}, "--root-dir") == "/a");
  CHECK(flag_value({"kubelet", "--root-dir", "/a"}, "--root-dir") == "/a");
  CHECK(flag_value({"kubelet", "--root-directory=/b", "--root-dir=/a"}, "--root-dir") == "/a");
  CHECK_FALSE(flag_value({"kubelet", "--root-dir"}, "--root-dir"));
}

TEST_CASE("processes are those with a number, with their arguments") {
  CgroupLayoutFake machine(actimanager::host::CgroupVersion::v1);
  machine.add_file("proc/12/comm", "kubelet\n");
  machine.add_file("proc/12/cmdline", std::string("kubelet\0--a=b\0", 14));
  machine.add_file("proc/self/comm", "me\n");
  machine.add_file("proc/self/cmdline", "me");
  machine.add_file("proc/13/comm", "vanishing\n");
  const auto running = processes(machine.root().string());
  REQUIRE(running.size() == 1);
  CHECK(running[0].name == "kubelet");
  CHECK(running[0].arguments == std::vector<std::string>{"kubelet", "--a=b"});
  CHECK(processes("/nonexistent").empty());
}

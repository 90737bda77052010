#include "doctor_command.hpp"

#include <sstream>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "cgroup_layout_fake.hpp"

using namespace actimanager;
using host::testing::CgroupLayoutFake;

namespace {

class DoctorTest {
 public:
  DoctorTest() {
    machine.add("sys/fs/cgroup/cpuset/kubepods");
    machine.remove("sys/fs/cgroup/cpuset.cpus");
    machine.add_file("sys/devices/system/cpu/online", "0-7\n");
    machine.add_file("sys/devices/system/cpu/present", "0-7\n");
    machine.add_file("var/lib/kubelet/cpu_manager_state", R"({"policyName":"none"})");
  }
  int doctor(const std::string& output = "text") {
    out.str("");
    app::DoctorOptions options;
    options.output = output;
    options.root = machine.root().string();
    return app::doctor_command(options, out, err);
  }

  CgroupLayoutFake machine{host::CgroupVersion::v1};
  std::ostringstream out, err;
};

}  // namespace

TEST_CASE_METHOD(DoctorTest, "a node that can be pinned on is told so, with status 0") {
  CHECK(doctor() == 0);
  CHECK(out.str().contains(": Pods can be pinned"));
  CHECK(out.str().contains("policy none"));
  CHECK(err.str().empty());
}

TEST_CASE_METHOD(DoctorTest, "one that cannot be pinned on has status 1, and is told what to do") {
  machine.add_file("var/lib/kubelet/cpu_manager_state", R"({"policyName":"static"})");
  CHECK(doctor() == 1);
  CHECK(out.str().contains(": Pods cannot be pinned, 1 problem"));
  CHECK(out.str().contains("-> drain the node"));
}

TEST_CASE_METHOD(DoctorTest, "as JSON the findings are a list") {
  machine.remove("sys/fs/cgroup/cpuset/kubepods");
  CHECK(doctor("json") == 1);
  const auto page = nlohmann::json::parse(out.str());
  CHECK(page["canPin"] == false);
  bool told = false;
  for (const auto& finding : page["findings"]) {
    CHECK(finding.contains("message"));
    told =
        told || (finding["check"] == "kubepods" && finding["severity"] == "problem" && finding["fix"] != "");
  }
  CHECK(told);
}

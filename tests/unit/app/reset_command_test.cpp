#include "reset_command.hpp"

#include <sstream>

#include <catch2/catch_test_macros.hpp>

#include <actimanager/host/cfs_quota.hpp>
#include <actimanager/host/partition.hpp>
#include <actimanager/host/presence.hpp>

#include "cgroup_layout_fake.hpp"

using namespace actimanager;
using host::testing::CgroupLayoutFake;

namespace {

class ResetTest {
 public:
  ResetTest() {
    layout.add("cpuset/kubepods");
    layout.add("cpuset/kubepods/podabc", "3");
  }
  int reset(bool dry_run = false, bool force = false) {
    out.str("");
    err.str("");
    return app::reset_command({.cgroups_path = layout.root().string(), .dry_run = dry_run, .force = force},
                              out, err);
  }
  std::string cpus() const { return layout.read("cpuset/kubepods/podabc/cpuset.cpus"); }

  CgroupLayoutFake layout{host::CgroupVersion::v1};
  std::ostringstream out, err;
};

}  // namespace

TEST_CASE_METHOD(ResetTest, "reset says what was and what is, and then has nothing left to do") {
  CHECK(reset() == 0);
  CHECK(out.str().contains("podabc/cpuset.cpus: 3 -> 0-7\n"));
  CHECK(out.str().ends_with("1 Pod, 1 cpuset file written\n"));
  CHECK(cpus() == "0-7");
  CHECK(reset() == 0);
  CHECK(out.str() == "1 Pod, nothing to reset\n");
}

TEST_CASE_METHOD(ResetTest, "reset puts quotas back that an agent has lifted") {
  layout.add("cpu/kubepods/podabc");
  for (const auto* directory : {"cpu", "cpu/kubepods", "cpu/kubepods/podabc"}) {
    layout.add_file(std::string(directory) + "/cpu.cfs_quota_us", "20\n");
    layout.add_file(std::string(directory) + "/cpu.cfs_period_us", "100000\n");
  }
  auto tree = value_or_throw(host::CgroupTree::open({.path = (layout.root() / "cpu").string()}));
  host::settle_quotas(value_or_throw(tree.scan()).at(0), host::QuotaWish::lift);
  REQUIRE(layout.read("cpu/kubepods/podabc/cpu.cfs_quota_us") == "-1");
  CHECK(reset(true) == 0);
  CHECK(out.str().contains("podabc/cpu.cfs_quota_us: max 100000 -> 20 100000\n"));
  CHECK(layout.read("cpu/kubepods/podabc/cpu.cfs_quota_us") == "-1");
  CHECK(reset() == 0);
  CHECK(out.str().ends_with("1 Pod, 1 cpuset file written, 1 quota put back\n"));
  CHECK(layout.read("cpu/kubepods/podabc/cpu.cfs_quota_us") == "20");
  CHECK(reset() == 0);
  CHECK(out.str() == "1 Pod, nothing to reset\n");
}

TEST_CASE_METHOD(ResetTest, "a dry run says the same and writes nothing") {
  CHECK(reset(true) == 0);
  CHECK(out.str().contains("podabc/cpuset.cpus: 3 -> 0-7\n"));
  CHECK(out.str().contains("would be written"));
  CHECK(cpus() == "3");
}

TEST_CASE_METHOD(ResetTest, "while an agent runs nothing is reset, unless forced; a dry run harms nobody") {
  const auto agent =
      value_or_throw(host::Cgroup::open((layout.root() / "cpuset").string(), host::CgroupVersion::v1));
  REQUIRE(host::announce_agent(*agent));
  CHECK(reset() == 1);
  CHECK(err.str().contains("an agent runs"));
  CHECK(cpus() == "3");
  CHECK(reset(true) == 0);
  CHECK(reset(false, true) == 0);
  CHECK(cpus() == "0-7");
}

TEST_CASE_METHOD(ResetTest, "without a hierarchy there is one line that says so") {
  layout.remove("cpuset");
  layout.remove("cpuset.cpus");
  CHECK(reset() == 1);
  CHECK(err.str().starts_with("actimanager: no cpuset controller"));
}

TEST_CASE("reset ends partitions that an agent has made, and says so") {
  CgroupLayoutFake layout(host::CgroupVersion::v2);
  for (const char* path : {"kubepods", "kubepods/podabc"}) {
    layout.add(path);
    layout.add_file(std::string(path) + "/cpuset.cpus.exclusive", "\n");
    layout.add_file(std::string(path) + "/cpuset.cpus.partition", "member\n");
  }
  auto tree = value_or_throw(host::CgroupTree::open({.path = layout.root().string()}));
  const auto pods = value_or_throw(tree.scan());
  host::Partitions partitions(tree);
  partitions.look(pods);
  REQUIRE(partitions.enter(pods[0], {3}));
  std::ostringstream out, err;
  CHECK(app::reset_command({.cgroups_path = layout.root().string()}, out, err) == 0);
  CHECK(out.str().contains("podabc/cpuset.cpus.partition: isolated -> member\n"));
  CHECK(out.str().contains("podabc/cpuset.cpus.exclusive: 3 -> none\n"));
  CHECK(out.str().contains("kubepods/cpuset.cpus.exclusive: 3 -> none\n"));
  CHECK(layout.read("kubepods/cpuset.cpus.exclusive") == "");
}

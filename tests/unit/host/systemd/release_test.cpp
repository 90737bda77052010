#include <catch2/catch_test_macros.hpp>

#include <actimanager/host/cfs_quota.hpp>
#include <actimanager/host/systemd/release.hpp>

#include "cgroup_layout_fake.hpp"
#include "systemd/systemd_fake.hpp"

using namespace actimanager;
using namespace actimanager::host;
using host::testing::CgroupLayoutFake;

namespace {

const std::string slice = "kubepods-poda.slice";
const std::string other = "kubepods-podb.slice";

class ReleaseTest {
 public:
  ReleaseTest() {
    for (const auto& unit : {slice, other}) layout.add("kubepods.slice/" + unit);
    systemd.add(slice, "/kubepods.slice/" + slice, {0x0c});
    systemd.add(other, "/kubepods.slice/" + other);
  }
  Result<ResetReport> release(const std::string& socket, bool dry_run = false) {
    auto tree = value_or_throw(CgroupTree::open({.path = layout.root().string()}));
    return systemd::release_properties(tree, socket, dry_run);
  }

  CgroupLayoutFake layout{CgroupVersion::v2};
  systemd::testing::SystemdFake systemd;
};

}  // namespace

TEST_CASE_METHOD(ReleaseTest, "properties are taken back, each once; what has none is left alone") {
  const auto dry = value_or_throw(release(systemd.socket(), true));
  CHECK(dry.changes == std::vector<FileChange>{{slice, "AllowedCPUs", "2-3", ""}});
  CHECK_FALSE(systemd.property(slice, "AllowedCPUs").empty());
  const auto done = value_or_throw(release(systemd.socket()));
  CHECK(done.changes == dry.changes);
  CHECK(systemd.property(slice, "AllowedCPUs").empty());
  CHECK(value_or_throw(release(systemd.socket())).changes.empty());
}

TEST_CASE_METHOD(ReleaseTest, "a quota that was lifted is systemd's again") {
  systemd.add(slice, "/kubepods.slice/" + slice);
  layout.add_file("kubepods.slice/" + slice + "/cpu.max", "20000 100000\n");
  auto tree = value_or_throw(CgroupTree::open({.path = layout.root().string()}));
  for (const auto& pod : value_or_throw(tree.scan())) settle_quotas(pod, QuotaWish::lift);
  const std::vector<FileChange> expected{{slice, "CPUQuotaPerSecUSec", "infinity", "200000us"}};
  CHECK(value_or_throw(release(systemd.socket(), true)).changes == expected);
  CHECK(systemd.quota(slice) == unlimited);
  CHECK(value_or_throw(release(systemd.socket())).changes == expected);
  CHECK(systemd.quota(slice) == 200'000);
  CHECK(value_or_throw(release(systemd.socket())).changes.empty());
}

TEST_CASE_METHOD(ReleaseTest,
                 "where systemd cannot be asked that is an error, unless there is nothing to ask") {
  CHECK(release("/nowhere/bus").error().code == Errc::unavailable);
  layout.remove("kubepods.slice");
  CHECK(release("/nowhere/bus").value().changes.empty());
}

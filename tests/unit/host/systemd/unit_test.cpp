#include "systemd/unit.hpp"

#include <catch2/catch_test_macros.hpp>

#include <actimanager/host/cfs_quota.hpp>

#include "cgroup_layout_fake.hpp"

using namespace actimanager;
using namespace actimanager::host;
using namespace actimanager::host::systemd;
using host::testing::CgroupLayoutFake;
using Bytes = std::vector<std::uint8_t>;

namespace {

const std::string kubepods = "kubepods.slice";
const std::string slice = "kubepods-poda_b.slice";
const std::string first = "cri-containerd-" + CgroupLayoutFake::container_id('1') + ".scope";
const std::string second = "crio-" + CgroupLayoutFake::container_id('2') + ".scope";

PodCgroup only_pod(const CgroupLayoutFake& layout) {
  auto tree = value_or_throw(CgroupTree::open({.path = layout.root().string()}));
  auto pods = value_or_throw(tree.scan());
  REQUIRE(pods.size() == 1);
  return std::move(pods[0]);
}

}  // namespace

TEST_CASE("a set is a bitmap, the lowest member in the lowest bit of the first byte") {
  CHECK(to_bitmap(CpuSet{}) == Bytes{});
  CHECK(to_bitmap(CpuSet{0}) == Bytes{0x01});
  CHECK(to_bitmap(CpuSet{0, 3, 8}) == Bytes{0x09, 0x01});
  CHECK(to_bitmap(NumaSet{1, 15}) == Bytes{0x02, 0x80});
}

TEST_CASE("a bitmap is read whatever its length, and refused above the largest id") {
  CHECK(from_bitmap<CpuSet>(Bytes{}) == CpuSet{});
  CHECK(from_bitmap<CpuSet>(Bytes{0x09, 0x01, 0x00, 0x00}) == CpuSet{0, 3, 8});
  CHECK(from_bitmap<CpuSet>(to_bitmap(CpuSet{CpuSet::max_id})) == CpuSet{CpuSet::max_id});
  Bytes long_one(CpuSet::max_id / 8 + 2);
  long_one.back() = 1;
  CHECK(from_bitmap<CpuSet>(long_one).error().code == Errc::out_of_range);
}

TEST_CASE("a Pod's slice and a container's scope are units, nothing else is") {
  CHECK(unit_of_pod(slice) == slice);
  CHECK(unit_of_pod("podabc") == std::nullopt);
  CHECK(unit_of_pod("system.slice") == std::nullopt);
  CHECK(unit_of_container(first) == first);
  CHECK(unit_of_container(CgroupLayoutFake::container_id('1')) == std::nullopt);
}

TEST_CASE("a slice has its Pod's sets, a scope those that are narrower; what is in a scope is no unit") {
  CgroupLayoutFake layout(CgroupVersion::v2);
  for (const auto& container : {first, second}) layout.add(kubepods + "/" + slice + "/" + container);
  layout.add(kubepods + "/" + slice + "/" + first + "/system.slice");
  const PodTarget target{.pod = {{1, 2, 3}, {0}},
                         .containers = {{CgroupLayoutFake::container_id('2'), {{3, 4}, {0, 1}}}}};
  const auto units = units_of(only_pod(layout), &target);
  CHECK(units.size() == 3);
  CHECK(units.at(slice).wants == Allowed{{1, 2, 3}, {0}, {}});
  CHECK(units.at(slice).cgroup == (layout.root() / kubepods / slice).string());
  CHECK(units.at(first).wants == Allowed{});
  CHECK(units.at(second).wants == Allowed{{3}, {}, {}});  // inside of the Pod's; its memory is the Pod's
}

TEST_CASE("units have a quota to be told where one is remembered: none while it is lifted, then that one") {
  CgroupLayoutFake layout(CgroupVersion::v2);
  layout.add(kubepods + "/" + slice + "/" + first);
  layout.add_file(kubepods + "/" + slice + "/" + first + "/cpu.max", "20000 100000\n");
  const auto pod = only_pod(layout);
  PodTarget target{.pod = {{1}, {0}}, .containers = {}, .lifts_quota = true};
  CHECK(units_of(pod, &target).at(first).wants.quota == std::nullopt);
  settle_quotas(pod, QuotaWish::lift);
  CHECK(units_of(pod, &target).at(first).wants.quota == unlimited);
  CHECK(units_of(pod, &target).at(slice).wants.quota == std::nullopt);
  target.lifts_quota = false;
  CHECK(units_of(pod, &target).at(first).wants.quota == 200'000);
  CHECK(units_of(pod, nullptr).at(first).wants.quota == 200'000);
}

TEST_CASE("a Pod of which nothing is to be known has units without properties; a cgroupfs Pod has no units") {
  CgroupLayoutFake layout(CgroupVersion::v2);
  layout.add(kubepods + "/" + slice + "/" + first);
  CHECK(units_of(only_pod(layout), nullptr).at(first).wants == Allowed{});
  CgroupLayoutFake other(CgroupVersion::v2);
  other.add("kubepods/poda/" + CgroupLayoutFake::container_id('1'));
  CHECK(units_of(only_pod(other), nullptr).empty());
}

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <actimanager/host/pinning.hpp>

#include "cgroup_layout_fake.hpp"

using namespace actimanager;
using namespace actimanager::host;
using namespace actimanager::host::testing;

namespace {

// A cgroup that shows and grants `has`, and shall have `wants`; memory is left alone.
CpusetNode node(const CpuSet& has, const CpuSet& wants, std::vector<CpusetNode> children = {}) {
  return {{has, {0}, has, {0}}, {wants, {}}, std::move(children)};
}
// On v2: asks for nothing, has what its parent has.
CpusetNode inherits(const CpuSet& effective, const CpuSet& wants, std::vector<CpusetNode> children = {}) {
  return {{{}, {}, effective, {0}}, {wants, {}}, std::move(children)};
}
CpusetWrite cpus(std::vector<std::size_t> at, const CpuSet& set) {
  return {std::move(at), set, std::nullopt};
}
CpusetWrite mems(std::vector<std::size_t> at, const NumaSet& set) {
  return {std::move(at), std::nullopt, set};
}
using Writes = std::vector<CpusetWrite>;

PodCgroup found(CgroupTree& tree, const char* uid) {
  auto pod = tree.find_pod(uid);
  REQUIRE(pod);
  return std::move(*pod);
}

}  // namespace

TEST_CASE("what is as it should be is not written") {
  const auto version = GENERATE(CgroupVersion::v1, CgroupVersion::v2);
  CHECK(plan_writes(node({1, 2}, {1, 2}, {node({1, 2}, {1, 2}), node({2}, {2})}), version).empty());
}

TEST_CASE("v1: children are narrowed before their parents") {
  const auto root = node({0, 1, 2, 3}, {1}, {node({0, 1, 2, 3}, {1}), node({1}, {1})});
  CHECK(plan_writes(root, CgroupVersion::v1) == Writes{cpus({0}, {1}), cpus({}, {1})});
}

TEST_CASE("v1: parents are widened before their children") {
  const auto root = node({1}, {1, 2}, {node({1}, {1, 2}, {node({1}, {1, 2})})});
  CHECK(plan_writes(root, CgroupVersion::v1) ==
        Writes{cpus({}, {1, 2}), cpus({0}, {1, 2}), cpus({0, 0}, {1, 2})});
}

TEST_CASE("v1: a Pod that moves is wide for a moment, its containers never are") {
  const auto root = node({0, 1}, {2, 3}, {node({0, 1}, {2, 3})});
  CHECK(plan_writes(root, CgroupVersion::v1) ==
        Writes{cpus({}, {0, 1, 2, 3}), cpus({0}, {2, 3}), cpus({}, {2, 3})});
}

TEST_CASE("v1: a container that is just being made, without a set, gets one") {
  const auto root = node({0, 1}, {1}, {node({}, {1})});
  CHECK(plan_writes(root, CgroupVersion::v1) == Writes{cpus({}, {1}), cpus({0}, {1})});
}

TEST_CASE("v2: whoever inherits is left to inherit, unless it shall have less than its parent") {
  const auto root =
      inherits({0, 1, 2, 3}, {1, 2}, {inherits({0, 1, 2, 3}, {1, 2}), inherits({0, 1, 2, 3}, {2})});
  CHECK(plan_writes(root, CgroupVersion::v2) == Writes{cpus({}, {1, 2}), cpus({1}, {2})});
}

TEST_CASE("v2: a Pod in the shared pool of all CPUs is not written at all") {
  CHECK(plan_writes(inherits({0, 1}, {0, 1}, {inherits({0, 1}, {0, 1})}), CgroupVersion::v2).empty());
}

TEST_CASE("v2: a container that somebody gave a set of its own is brought back") {
  const auto root = node({1, 2}, {1, 2}, {node({0}, {1, 2})});
  CHECK(plan_writes(root, CgroupVersion::v2) == Writes{cpus({0}, {1, 2})});
}

TEST_CASE("what a child wants outside of its parent is dropped, and nothing is never written") {
  const auto version = GENERATE(CgroupVersion::v1, CgroupVersion::v2);
  const auto root = node({1, 2}, {1, 2}, {node({1}, {2, 7}), node({1, 2}, {7}), node({1}, {})});
  CHECK(plan_writes(root, version) == Writes{cpus({0}, {2}), cpus({2}, {1, 2})});
}

TEST_CASE("memory nodes are planned like CPUs, after them, or not at all") {
  auto root = node({0, 1}, {1}, {node({0, 1}, {1})});
  root.wants.mems = root.children[0].wants.mems = {1};
  CHECK(plan_writes(root, CgroupVersion::v1) ==
        Writes{cpus({0}, {1}), cpus({}, {1}), mems({}, {0, 1}), mems({0}, {1}), mems({}, {1})});
  root.wants.mems.clear();
  CHECK(plan_writes(root, CgroupVersion::v1) == Writes{cpus({0}, {1}), cpus({}, {1})});
}

// pin(), on files that take everything. The sets are written alike long, since files are not cut off.
TEST_CASE("a Pod is pinned where it is found, and what was found is reported") {
  const auto container = CgroupLayoutFake::container_id('a');
  const auto helper = std::string("crio-conmon-") + container + ".scope";
  CgroupLayoutFake layout(CgroupVersion::v1);
  layout.add("cpuset/kubepods/podabc/" + container + "/nested");
  layout.add("cpuset/kubepods/podabc/" + helper);
  auto tree = value_or_throw(CgroupTree::open({.path = layout.root().string()}));
  REQUIRE(tree.scan());

  const PodTarget target{.pod = {{2, 3}, {1}}, .containers = {}};
  auto report = pin(tree, found(tree, "abc"), target);
  CHECK_FALSE(report.error);
  CHECK_FALSE(report.gone);
  CHECK(report.pod == CpuSet{2, 3});
  CHECK(report.containers.at(container).cpus == CpuSet{2, 3});
  CHECK(report.containers.at(helper).mems == NumaSet{1});
  REQUIRE(report.differences.size() == 3);
  for (const auto& difference : report.differences) {
    CHECK(difference.had == CpuSet::range(0, 7));
    CHECK(difference.wanted == CpuSet{2, 3});
  }
  CHECK(layout.read("cpuset/kubepods/podabc/cpuset.cpus") == "2-3");
  CHECK(layout.read("cpuset/kubepods/podabc/" + container + "/nested/cpuset.cpus") == "2-3");
  CHECK(layout.read("cpuset/kubepods/podabc/" + helper + "/cpuset.mems") == "1");
  CHECK(layout.read("cpuset/kubepods/cpuset.cpus") == "0-7");  // the levels above are nobody's to narrow

  report = pin(tree, found(tree, "abc"), target);
  CHECK(report.writes == 0);
  CHECK(report.differences.empty());

  const auto pod = found(tree, "abc");
  layout.remove("cpuset/kubepods/podabc");
  CHECK(pin(tree, pod, target).gone);
}

TEST_CASE("a container with a set of its own has that, and all that is in it; the others have the Pod's") {
  const auto own = CgroupLayoutFake::container_id('a'), other = CgroupLayoutFake::container_id('b');
  CgroupLayoutFake layout(CgroupVersion::v1);
  layout.add("cpuset/kubepods/podabc/" + own + "/nested");
  layout.add("cpuset/kubepods/podabc/" + other);
  auto tree = value_or_throw(CgroupTree::open({.path = layout.root().string()}));
  REQUIRE(tree.scan());

  const auto report =
      pin(tree, found(tree, "abc"), {.pod = {{1, 2, 3}, {}}, .containers = {{own, {{2, 3}, {}}}}});
  CHECK_FALSE(report.error);
  CHECK(report.containers.at(own).cpus == CpuSet{2, 3});
  CHECK(report.containers.at(other).cpus == CpuSet{1, 2, 3});
  CHECK(layout.read("cpuset/kubepods/podabc/cpuset.cpus") == "1-3");
  CHECK(layout.read("cpuset/kubepods/podabc/" + own + "/cpuset.cpus") == "2-3");
  CHECK(layout.read("cpuset/kubepods/podabc/" + own + "/nested/cpuset.cpus") == "2-3");
}

TEST_CASE(
    "on v2 what a workload has made below its container may be narrower; what the runtime has made not") {
  const auto container = CgroupLayoutFake::container_id('a');
  CgroupLayoutFake layout(CgroupVersion::v2);
  const auto path = "kubepods.slice/kubepods-podabc.slice/cri-containerd-" + container + ".scope";
  layout.add(path + "/container/inner");
  layout.add(path + "/docker/job");
  for (const auto* below : {"/container", "/container/inner", "/docker/job"})
    layout.add_file(path + below + "/cpuset.cpus", "3\n");
  auto tree = value_or_throw(CgroupTree::open({.path = layout.root().string()}));
  REQUIRE(tree.scan());
  const auto report = pin(tree, found(tree, "abc"), {.pod = {{2, 3}, {}}, .containers = {}});
  CHECK_FALSE(report.error);
  CHECK(layout.read(path + "/cpuset.cpus") == "2-3");
  CHECK(layout.read(path + "/container/cpuset.cpus") == "2-3");
  CHECK(layout.read(path + "/container/inner/cpuset.cpus") == "3");
  CHECK(layout.read(path + "/docker/job/cpuset.cpus") == "3");
}

TEST_CASE("a cgroup that takes nothing is an error, in the kernel's words") {
  CgroupLayoutFake layout(CgroupVersion::v1);
  layout.add("cpuset/kubepods/podabc");
  layout.remove("cpuset/kubepods/podabc/cpuset.cpus");
  std::filesystem::create_symlink("/dev/full", layout.root() / "cpuset/kubepods/podabc/cpuset.cpus");
  auto tree = value_or_throw(CgroupTree::open({.path = layout.root().string()}));
  REQUIRE(tree.scan());
  const auto report = pin(tree, found(tree, "abc"), {.pod = {{1}, {}}, .containers = {}});
  REQUIRE(report.error);
  CHECK(report.error->context.contains("cpuset.cpus"));
}

TEST_CASE("what one container's cgroup refuses is not another's: all others are written") {
  const auto broken = CgroupLayoutFake::container_id('a');
  const auto whole = CgroupLayoutFake::container_id('b');
  const std::string pod = "cpuset/kubepods/podabc/";
  CgroupLayoutFake layout(CgroupVersion::v1);
  for (const auto& container : {broken, whole}) layout.add(pod + container, "0");
  layout.remove(pod + broken + "/cpuset.memory_migrate");
  std::filesystem::create_directory(layout.root() / (pod + broken + "/cpuset.memory_migrate"));
  auto tree = value_or_throw(CgroupTree::open({.path = layout.root().string()}));
  REQUIRE(tree.scan());
  const auto report = pin(tree, found(tree, "abc"), {.pod = {{1}, {1}}, .containers = {}});
  REQUIRE(report.error);
  CHECK(report.error->message().contains(broken + ": open cpuset.memory_migrate"));
  CHECK(layout.read(pod + whole + "/cpuset.mems") == "1");
  for (const auto& container : {broken, whole}) CHECK(layout.read(pod + container + "/cpuset.cpus") == "1");
}

TEST_CASE("v2: what is to have a set of its own and has no cpuset yet is named") {
  const auto container = CgroupLayoutFake::container_id('a');
  CgroupLayoutFake layout(CgroupVersion::v2);
  const std::string pod = "kubepods/podabc", below = pod + "/" + container;
  layout.add(below, "1");
  auto tree = value_or_throw(CgroupTree::open({.path = layout.root().string()}));
  REQUIRE(tree.scan());
  const auto hide = [&](const std::string& cgroup) {
    for (const char* file : {"cpuset.cpus", "cpuset.mems", "cpuset.cpus.effective", "cpuset.mems.effective"})
      layout.remove(cgroup + "/" + file);
  };
  const PodTarget plain{.pod = {{1}, {}}, .containers = {}};
  auto narrow = plain;
  narrow.containers[container] = {{1}, {}};
  const auto names = [&](const PinReport& report, const std::string& cgroup) {
    return report.error && report.error->message().contains(cgroup + ": has no cpuset");
  };

  hide(below);
  auto report = pin(tree, found(tree, "abc"), plain);  // it is on its Pod's CPUs
  CHECK((!report.unready && !report.error && !report.gone));
  report = pin(tree, found(tree, "abc"), narrow);
  CHECK((report.unready && !report.gone));
  CHECK(names(report, below));
  hide(pod);
  report = pin(tree, found(tree, "abc"), plain);
  CHECK((report.unready && !report.gone));
  CHECK(names(report, pod));
}

TEST_CASE("what a level above has not got is withheld, not applied; what is offline is nobody's to give") {
  CgroupLayoutFake layout(CgroupVersion::v2);
  layout.add("kubepods/burstable/podabc");
  layout.add_file("kubepods/burstable/podabc/cpuset.cpus", "2-5\n");
  layout.add_file("kubepods/burstable/podabc/cpuset.cpus.effective", "2-3\n");
  for (const auto* level : {"kubepods", "kubepods/burstable"})
    layout.add_file(std::string(level) + "/cpuset.cpus.effective", "0-3\n");
  auto tree = value_or_throw(CgroupTree::open({.path = layout.root().string()}));
  REQUIRE(tree.scan());
  const auto pinned = [&](NumaSet mems) {
    return pin(tree, found(tree, "abc"), {.pod = {{2, 3, 4, 5}, std::move(mems)}, .containers = {}});
  };

  auto report = pinned({});
  CHECK_FALSE(report.error);
  CHECK(report.writes == 0);
  REQUIRE(report.withheld);
  const auto kubepods = layout.root() / "kubepods";
  CHECK(
      report.withheld->message().contains("CPU 4-5 is not granted: " + kubepods.string() + " has only 0-3"));

  layout.add_file("cpuset.cpus.effective", "0-3\n");
  CHECK_FALSE(pinned({}).withheld);

  layout.add_file("kubepods/burstable/podabc/cpuset.mems", "0-1\n");
  layout.add_file("cpuset.mems.effective", "0-1\n");
  report = pinned({0, 1});
  REQUIRE(report.withheld);
  CHECK(report.withheld->message().contains("memory node 1 is not granted: "));
}

TEST_CASE("who keeps writing against us is not fought for ever") {
  CgroupLayoutFake layout(CgroupVersion::v1);
  layout.add("cpuset/kubepods/podabc");
  // A file that is not cut off: "0-7" with "1" written over it is "1-7", as if somebody had been quicker.
  auto tree = value_or_throw(CgroupTree::open({.path = layout.root().string()}));
  REQUIRE(tree.scan());
  const auto report = pin(tree, found(tree, "abc"), {.pod = {{1}, {}}, .containers = {}});
  REQUIRE(report.error);
  CHECK(report.error->code == Errc::conflict);
  CHECK(report.writes > 0);
  CHECK(report.writes < 10);
}

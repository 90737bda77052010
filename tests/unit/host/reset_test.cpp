#include <cerrno>
#include <random>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <actimanager/host/reset.hpp>

#include "cgroup_layout_fake.hpp"
#include "cpuset_kernel_fake.hpp"

using namespace actimanager;
using namespace actimanager::host;
using namespace actimanager::host::testing;

namespace {

using Changes = std::vector<FileChange>;

const CpusetValues all{CpuSet::range(0, 7), {0, 1}, CpuSet::range(0, 7), {0, 1}};

ResetNode node(const CpuSet& cpus, std::vector<ResetNode> children = {}, bool populated = true) {
  return {{cpus, {0, 1}, cpus, {0, 1}}, populated, std::move(children)};
}
CpusetWrite cpus(std::vector<std::size_t> at, const CpuSet& set) {
  return {std::move(at), set, std::nullopt};
}
using Writes = std::vector<CpusetWrite>;

// A Pod's cgroups with random sets, each inside its parent's.
class RandomPod {
 public:
  explicit RandomPod(unsigned seed) : random_(seed) {}
  CpusetNode make(const CpuSet& cpus_above, const NumaSet& mems_above, int depth) {
    CpusetNode node{{some_of(cpus_above), some_of(mems_above), {}, {}}, {}, {}};
    for (int n = depth < 3 ? pick(0, 3) : 0; n > 0; --n) {
      node.children.push_back(make(node.has.cpus, node.has.mems, depth + 1));
    }
    return node;
  }

 private:
  int pick(int low, int high) { return std::uniform_int_distribution(low, high)(random_); }
  template <class Set>
  Set some_of(const Set& from) {
    Set set;
    for (const auto id : from)
      if (pick(0, 1) == 0) set.insert(id);
    return set.empty() ? from : set;
  }
  std::mt19937 random_;
};

ResetNode seen(const CpusetNode& node) {
  ResetNode result{node.has, true, {}};
  for (const auto& child : node.children) result.children.push_back(seen(child));
  return result;
}

void check_wide(const CpusetNode& node) {
  REQUIRE(node.has.effective_cpus == all.cpus);
  REQUIRE(node.has.effective_mems == all.mems);
  for (const auto& child : node.children) check_wide(child);
}

}  // namespace

TEST_CASE("what has all that its parent has is not written") {
  const auto version = GENERATE(CgroupVersion::v1, CgroupVersion::v2);
  CHECK(plan_reset(node(all.cpus, {node(all.cpus)}), all, version).empty());
}

TEST_CASE("v1: the Pod is widened before what is below it") {
  CHECK(plan_reset(node({1}, {node({1}, {node({1})})}), all, CgroupVersion::v1) ==
        Writes{cpus({}, all.cpus), cpus({0}, all.cpus), cpus({0, 0}, all.cpus)});
}

TEST_CASE("v2: who inherits is left alone, who is empty inherits again, who has processes gets all by name") {
  CHECK(plan_reset(node({}, {node({}), node({2}, {}, false), node({3})}), all, CgroupVersion::v2) ==
        Writes{cpus({1}, {}), {{1}, std::nullopt, NumaSet()}, cpus({2}, all.cpus)});
}

TEST_CASE("v2: CPUs that are offline now stay asked for") {
  const CpusetValues some{{}, {}, {0, 1, 2}, {0, 1}};
  CHECK(plan_reset(node({0, 1, 2, 3}), some, CgroupVersion::v2).empty());
}

TEST_CASE("every write of a reset is taken by the kernel, and afterwards nothing is narrow") {
  for (const auto version : {CgroupVersion::v1, CgroupVersion::v2}) {
    for (unsigned seed = 0; seed < 1000; ++seed) {
      CAPTURE(seed, to_string(version));
      CpusetKernelFake kernel(version, all, RandomPod(seed).make(all.cpus, all.mems, 0));
      for (const auto& write : plan_reset(seen(kernel.root()), all, version))
        REQUIRE(kernel.write(write) == 0);
      check_wide(kernel.root());
      REQUIRE(plan_reset(seen(kernel.root()), all, version).empty());
    }
  }
}

TEST_CASE("Pods are reset to their level's CPUs, once") {
  const auto version = GENERATE(CgroupVersion::v1, CgroupVersion::v2);
  CgroupLayoutFake layout(version);
  const std::string top = version == CgroupVersion::v1 ? "cpuset/" : "";
  const auto container = CgroupLayoutFake::container_id('a');
  layout.add(top + "kubepods/burstable");
  layout.add(top + "kubepods/burstable/podabc/" + container, "3");
  layout.add(top + "kubepods/burstable/podfree");
  auto tree = value_or_throw(CgroupTree::open({.path = layout.root().string()}));

  const auto pod = (layout.root() / top / "kubepods/burstable/podabc").string();
  const Changes expected{{pod, "cpuset.cpus", "3", "0-7"},
                         {pod + "/" + container, "cpuset.cpus", "3", "0-7"}};
  const auto planned = value_or_throw(plan_reset_cpusets(tree, {}));
  CHECK(planned.changes == expected);
  CHECK(layout.read(top + "kubepods/burstable/podabc/cpuset.cpus") == "3");
  // Whose partition would end first gives its CPUs back before.
  for (const auto& change : value_or_throw(plan_reset_cpusets(tree, {8})).changes)
    CHECK(change.after == "0-8");

  const auto done = value_or_throw(reset_cpusets(tree));
  CHECK(done.errors.empty());
  CHECK(done.pods == 2);
  CHECK(done.changes == expected);
  CHECK(layout.read(top + "kubepods/burstable/podabc/" + container + "/cpuset.cpus") == "0-7");
  CHECK(value_or_throw(reset_cpusets(tree)).changes.empty());
}

TEST_CASE("a Pod that the kernel refuses is told, the others are reset") {
  CgroupLayoutFake layout(CgroupVersion::v1);
  layout.add("cpuset/kubepods");
  layout.add("cpuset/kubepods/podabc", "3");
  layout.add("cpuset/kubepods/podxyz", "3");
  layout.remove("cpuset/kubepods/podabc/cpuset.memory_migrate");
  layout.remove("cpuset/kubepods/podabc/cpuset.mems");
  layout.add_file("cpuset/kubepods/podabc/cpuset.mems", "1\n");
  auto tree = value_or_throw(CgroupTree::open({.path = layout.root().string()}));
  layout.add_file("cpuset/kubepods/podabc/cpuset.memory_migrate/not-a-file", "");
  const auto report = value_or_throw(reset_cpusets(tree));
  REQUIRE(report.errors.size() == 1);
  CHECK(report.errors[0].context.contains("podabc"));
  CHECK(layout.read("cpuset/kubepods/podxyz/cpuset.cpus") == "0-7");
}

// A plan for any tree is taken by a kernel, write by write, and leads where it should.
#include <random>

#include <catch2/catch_test_macros.hpp>

#include "cpuset_kernel_fake.hpp"

using namespace actimanager;
using namespace actimanager::host;
using namespace actimanager::host::testing;

namespace {

constexpr int cpu_count = 10;
constexpr int node_count = 3;

class RandomTree {
 public:
  RandomTree(unsigned seed, CgroupVersion version) : random_(seed), version_(version) {}

  CpusetNode make() { return make(CpuSet::range(0, cpu_count - 1), NumaSet::range(0, node_count - 1), 0); }
  bool coin() { return pick(0, 1) == 0; }

 private:
  int pick(int low, int high) { return std::uniform_int_distribution(low, high)(random_); }
  template <class Set>
  Set some_of(const Set& from, bool may_be_empty) {
    Set set;
    for (const auto id : from) {
      if (pick(0, 2) == 0) set.insert(id);
    }
    if (set.empty() && !may_be_empty) set.insert(*from.first());
    return set;
  }
  CpusetNode make(const CpuSet& cpus_above, const NumaSet& mems_above, int depth) {
    CpusetNode node;
    const bool v2 = version_ == CgroupVersion::v2;
    // On v2 what is asked for need not lie inside the parent, and may be nothing.
    node.has.cpus = some_of(v2 ? CpuSet::range(0, cpu_count - 1) : cpus_above, v2);
    node.has.mems = some_of(v2 ? NumaSet::range(0, node_count - 1) : mems_above, v2);
    node.wants.cpus = some_of(CpuSet::range(0, cpu_count - 1), depth > 0);
    if (depth == 0 ? coin() : true) node.wants.mems = some_of(NumaSet::range(0, node_count - 1), depth > 0);
    for (int n = depth < 3 ? pick(0, 3) : 0; n > 0; --n) {
      node.children.push_back(make(node.has.cpus, node.has.mems, depth + 1));
    }
    return node;
  }

  std::mt19937 random_;
  CgroupVersion version_;
};

// What each cgroup should end with: what it wants, inside what its parent ends with.
template <class Set>
Set goal(const Set& wants, const Set& above) {
  auto inside = wants & above;
  return inside.empty() ? above : inside;
}

void check_ends_right(const CpusetNode& shown, const CpusetNode& wanted, const CpuSet& cpus_above,
                      const NumaSet& mems_above, bool with_mems) {
  const auto cpus = goal(wanted.wants.cpus, cpus_above);
  REQUIRE(shown.has.effective_cpus == cpus);
  const auto mems = goal(wanted.wants.mems, mems_above);
  if (with_mems) REQUIRE(shown.has.effective_mems == mems);
  for (std::size_t i = 0; i < shown.children.size(); ++i) {
    check_ends_right(shown.children[i], wanted.children[i], cpus, mems, with_mems);
  }
}

// The tree as the kernel shows it, with what is wanted of it.
CpusetNode look(const CpusetNode& shown, const CpusetNode& wanted) {
  CpusetNode node{shown.has, wanted.wants, {}};
  for (std::size_t i = 0; i < shown.children.size(); ++i) {
    node.children.push_back(look(shown.children[i], wanted.children[i]));
  }
  return node;
}

std::size_t count(const CpusetNode& node) {
  std::size_t nodes = 1;
  for (const auto& child : node.children) nodes += count(child);
  return nodes;
}

}  // namespace

TEST_CASE("every write of a plan is taken by the kernel, and all of them lead to what is wanted") {
  const CpusetValues above{CpuSet::range(0, cpu_count - 1), NumaSet::range(0, node_count - 1),
                           CpuSet::range(0, cpu_count - 1), NumaSet::range(0, node_count - 1)};
  for (const auto version : {CgroupVersion::v1, CgroupVersion::v2}) {
    for (unsigned seed = 0; seed < 4000; ++seed) {
      CAPTURE(seed, to_string(version));
      const auto wanted = RandomTree(seed, version).make();
      CpusetKernelFake kernel(version, above, wanted);
      const auto plan = plan_writes(look(kernel.root(), wanted), version);
      REQUIRE(plan.size() <= 4 * count(wanted));
      for (const auto& write : plan) {
        REQUIRE(write.cpus.has_value() != write.mems.has_value());
        REQUIRE(kernel.write(write) == 0);
      }
      check_ends_right(kernel.root(), wanted, wanted.wants.cpus, wanted.wants.mems,
                       !wanted.wants.mems.empty());
      REQUIRE(plan_writes(look(kernel.root(), wanted), version).empty());
    }
  }
}

TEST_CASE("the kernel model refuses what a kernel refuses") {
  const CpusetValues above{{0, 1, 2}, {0}, {0, 1, 2}, {0}};
  const CpusetNode root{{{0, 1}, {0}, {}, {}}, {}, {{{{0}, {0}, {}, {}}, {}, {}}}};
  CpusetKernelFake v1(CgroupVersion::v1, above, root);
  CHECK(v1.write({{}, CpuSet{}, {}}) == ENOSPC);
  CHECK(v1.write({{}, CpuSet{1, 2}, {}}) == EBUSY);  // the child would be outside
  CHECK(v1.write({{}, CpuSet{0, 3}, {}}) == EACCES);
  CHECK(v1.write({{0}, CpuSet{2}, {}}) == EACCES);
  CHECK(v1.write({{0}, CpuSet{1}, {}}) == 0);
  CHECK(v1.write({{}, CpuSet{1, 2}, {}}) == 0);
  CpusetKernelFake v2(CgroupVersion::v2, above, root);
  CHECK(v2.write({{0}, CpuSet{}, {}}) == ENOSPC);
  CHECK(v2.write({{}, CpuSet{1, 2}, {}}) == 0);
  CHECK(v2.root().children[0].has.effective_cpus ==
        CpuSet{1, 2});  // nothing of its own is left: its parent's
}

// Plans of handover, a few by hand and many at random: carried out write by write, none ever opens a CPU that
// is exclusive to one Pod to another.
#include <random>
#include <utility>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <actimanager/host/handover.hpp>

#include "cpuset_kernel_fake.hpp"

using namespace actimanager;
using namespace actimanager::host;
using namespace actimanager::host::testing;

namespace {

using Steps = std::vector<HandoverStep>;

// Who has which CPUs on a node, and which of them for itself.
struct Holding {
  CpuSet cpus, exclusive;
  bool bound = false;
};
struct State {
  std::vector<Holding> pods;
  CpuSet shared;

  CpuSet exclusive() const {
    CpuSet all;
    for (const auto& pod : pods) all |= pod.exclusive;
    return all;
  }
};

// Grants as an agent gives them: exclusive CPUs are one Pod's, the pool is what is left and never empty.
class RandomNode {
 public:
  RandomNode(unsigned seed, int cpus) : random_(seed), online_(CpuSet::range(0, cpus - 1)) {}

  State state(std::size_t pods) {
    State state{.pods = std::vector<Holding>(pods), .shared = online_};
    for (auto& pod : state.pods) {
      if (one_in(4)) continue;
      auto own = some_of(state.shared, pods);
      if (own.empty() || own == state.shared) continue;
      pod.bound = true;
      pod.exclusive = own;
      state.shared -= own;
      pod.cpus = some_of(own, 1);  // of a whole core perhaps only one thread
      if (pod.cpus.empty()) pod.cpus = own;
    }
    for (auto& pod : state.pods) {
      if (pod.bound) continue;
      pod.cpus = one_in(3) ? some_of(state.shared, 1) : CpuSet();  // a binding of level None
      pod.bound = !pod.cpus.empty();
      if (!pod.bound) pod.cpus = state.shared;
    }
    return state;
  }
  int pick(int low, int high) { return std::uniform_int_distribution(low, high)(random_); }

 private:
  bool one_in(int n) { return pick(1, n) == 1; }
  CpuSet some_of(const CpuSet& from, std::size_t share) {
    CpuSet set;
    for (const auto cpu : from)
      if (one_in(static_cast<int>(share) + 1)) set.insert(cpu);
    return set;
  }

  std::mt19937 random_;
  CpuSet online_;
};

std::vector<Occupant> between(const State& before, const State& after) {
  std::vector<Occupant> pods;
  for (std::size_t i = 0; i < before.pods.size(); ++i)
    pods.push_back({before.pods[i].cpus, after.pods[i].cpus});
  return pods;
}

// A Pod's cgroup with two containers, one of them on one CPU only, as a kernel keeps them.
class PodFake {
 public:
  PodFake(CgroupVersion version, const CpuSet& cpus)
      : version_(version), kernel_(version, values(CpuSet::range(0, CpuSet::max_id)), node(cpus, {})) {}

  // What any process of it may run on, or be given to run on.
  const CpuSet& cpus() const { return kernel_.root().has.effective_cpus; }

  // Brings it to these CPUs, and calls `look` after each write.
  template <class Look>
  void give(const CpuSet& wants, const Look& look) {
    auto root = kernel_.root();
    root.wants = {wants, {}};
    for (auto& child : root.children) child.wants = {wants, {}};
    for (const auto& write : plan_writes(root, version_)) {
      REQUIRE(kernel_.write(write) == 0);
      look();
    }
  }

 private:
  static CpusetValues values(const CpuSet& cpus) { return {cpus, {0}, cpus, {0}}; }
  static CpusetNode node(const CpuSet& cpus, const CpusetTarget& wants) {
    CpuSet one;
    one.insert(*cpus.first());
    return {values(cpus), wants, {{values(cpus), wants, {}}, {values(one), wants, {}}}};
  }

  CgroupVersion version_;
  CpusetKernelFake kernel_;
};

// Carries the steps out write by write, and looks at every Pod after each.
void check(CgroupVersion version, const State& before, const State& after, const Steps& steps) {
  // Where a CPU is shared before and after there is always somewhere to step aside to.
  const bool roomy = !(after.shared - before.exclusive()).empty();
  std::vector<PodFake> pods;
  for (const auto& pod : before.pods) pods.emplace_back(version, pod.cpus);
  for (const auto& step : steps) {
    CAPTURE(step.pod, step.cpus.to_string());
    REQUIRE_FALSE(step.cpus.empty());
    auto& pod = pods[step.pod];
    auto had = pod.cpus();
    pod.give(step.cpus, [&] {
      const auto entered = pod.cpus() - std::exchange(had, pod.cpus());
      for (std::size_t other = 0; other < pods.size(); ++other) {
        if (other == step.pod) continue;
        const auto together = entered & pods[other].cpus();
        CAPTURE(other, pods[other].cpus().to_string());
        REQUIRE_FALSE(together.intersects(after.pods[step.pod].exclusive));  // comes before all have left
        REQUIRE_FALSE(together.intersects(after.pods[other].exclusive));     // comes where it must never be
        // Comes to somebody who has not left yet. Where that one may stay, it shares from now on.
        const auto old = before.pods[other].cpus & before.pods[other].exclusive;
        if (roomy) REQUIRE_FALSE(together.intersects(old - after.pods[other].cpus));
      }
    });
  }
  for (std::size_t i = 0; i < pods.size(); ++i) REQUIRE(pods[i].cpus() == after.pods[i].cpus);
}

}  // namespace

TEST_CASE("after no write of any change of grants is an exclusive CPU open to two Pods") {
  const auto version = GENERATE(CgroupVersion::v1, CgroupVersion::v2);
  int swaps = 0, cramped = 0;
  for (unsigned seed = 0; seed < 10000; ++seed) {
    CAPTURE(seed);
    RandomNode node(seed, static_cast<int>(2 + seed % 9));
    const auto pods = static_cast<std::size_t>(node.pick(1, 6));
    const auto before = node.state(pods), after = node.state(pods);
    const auto steps = plan_handover(between(before, after), after.shared, before.exclusive());
    REQUIRE(steps.size() <= 3 * pods);
    check(version, before, after, steps);
    for (const auto& step : steps) swaps += !step.cpus.intersects(after.pods[step.pod].cpus);
    cramped += (after.shared - before.exclusive()).empty();
  }
  CHECK(swaps > 300);    // Pods did step aside
  CHECK(cramped > 300);  // full nodes were among them
}

TEST_CASE("what nothing changes for takes no step") {
  CHECK(plan_handover({{{0}, {0}}, {{1, 2}, {1, 2}}}, {1, 2}, {0}).empty());
  CHECK(plan_handover({}, {0}, {}).empty());
}

TEST_CASE("two Pods that swap CPUs: one waits in the shared pool meanwhile") {
  CHECK(plan_handover({{{0}, {1}}, {{1}, {0}}, {{2, 3}, {2, 3}}}, {2, 3}, {0, 1}) ==
        Steps{{0, {2, 3}}, {1, {0}}, {0, {1}}});
}

TEST_CASE("three Pods in a ring: one waits, the others follow each other") {
  CHECK(plan_handover({{{0}, {1}}, {{1}, {2}}, {{2}, {0}}}, {3}, {0, 1, 2}) ==
        Steps{{0, {3}}, {2, {0}}, {1, {2}}, {0, {1}}});
}

TEST_CASE("Pods that move up one after the other wait for nobody in the pool") {
  CHECK(plan_handover({{{0}, {1}}, {{1}, {2}}, {{3}, {0, 3}}}, {0, 3}, {0, 1}) ==
        Steps{{1, {2}}, {0, {1}}, {2, {0, 3}}});
}

TEST_CASE("sets are narrowed before any is widened") {
  CHECK(plan_handover({{{0, 1}, {1, 2}}, {{2, 3}, {3}}}, {0}, {0, 1, 2, 3}) ==
        Steps{{0, {1}}, {1, {3}}, {0, {1, 2}}});
}

TEST_CASE("the shared pool leaves a CPU before its new owner comes") {
  CHECK(plan_handover({{{0, 1, 2}, {2}}, {{0, 1, 2}, {0, 1}}}, {0, 1}, {}) == Steps{{0, {2}}, {1, {0, 1}}});
  CHECK(plan_handover({{{3}, {2}}, {{0, 1, 2}, {0, 1, 3}}}, {0, 1, 3}, {3}) ==
        Steps{{1, {0, 1}}, {0, {2}}, {1, {0, 1, 3}}});
}

TEST_CASE("the shared pool and a Pod swap on a full machine: its old CPU becomes shared before it leaves") {
  CHECK(plan_handover({{{1}, {0}}, {{0}, {1}}, {{0}, {1}}}, {1}, {1}) == Steps{{1, {1}}, {2, {1}}, {0, {0}}});
}

TEST_CASE("sets that contradict each other come to an end all the same") {
  CHECK(plan_handover({{{0}, {1}}, {{1}, {0}}}, {2}, CpuSet::range(0, 2)).back().cpus == CpuSet{1});
  CHECK_FALSE(
      plan_handover({{{0}, {1}}, {{1}, {0}}, {{0, 1}, {2}}, {{2}, {0}}}, {2}, CpuSet::range(0, 2)).empty());
}

// Edits of a spec that was granted before.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <actimanager/binding/admission.hpp>

#include "node_fake.hpp"

using namespace actimanager;
using namespace actimanager::binding;
using namespace actimanager::binding::testing;
using topology::testing::dual_socket_smt;  // socket 0: CPUs 0-3,8-11, socket 1: CPUs 4-7,12-15

namespace {

// "a" has CPU 1 of Pod one, "b" CPU 2 of Pod two, exclusively.
NodeFake two_granted() {
  NodeFake node(dual_socket_smt());
  node.add_pod("one");
  node.add_pod("two");
  node.bind("a", "one", {1}, cpu);
  node.bind("b", "two", {2}, cpu);
  node.reconcile();
  return node;
}

}  // namespace

TEST_CASE("an edit moves its Pod, and what it leaves is free at once") {
  auto node = two_granted();
  node.add_pod("three");
  node.bind("c", "three", {1}, cpu);
  node.edit("a", {3}, core);
  const auto verdict = node.judge("a");
  REQUIRE(verdict.admitted());
  CHECK_FALSE(verdict.edit_refused());
  CHECK(verdict.grant->generation == 2);
  CHECK(verdict.grant->cpu_set == CpuSet{3});
  CHECK(verdict.grant->exclusive_cpus == CpuSet{3, 11});
  CHECK(node.judge("c").admitted());
}

TEST_CASE("an edit may overlap what the binding itself has") {
  auto node = two_granted();
  node.edit("a", {1, 3}, core);
  CHECK(node.judge("a").grant->exclusive_cpus == CpuSet{1, 3, 9, 11});
}

TEST_CASE("an edit that is refused leaves the older grant in force and says why") {
  struct Row {
    CpuSet cpus;
    ExclusivenessLevel level;
    api::BindingStatus status;
    const char* reason;
  };
  const auto row =
      GENERATE(Row{{}, cpu, api::BindingStatus::invalid_cpu_set, "EmptyCPUSet"},
               Row{{1, 99}, cpu, api::BindingStatus::invalid_cpu_set, "UnknownCPU"},
               Row{{1, 2}, none, api::BindingStatus::cpu_set_allocation_failed, "ExclusiveOverlap"},
               Row{{3}, numa, api::BindingStatus::cpu_set_allocation_failed, "ExclusiveOverlap"});
  auto node = two_granted();
  node.binding("a").spec.containers = {};
  const auto before = node.desired();
  node.edit("a", row.cpus, row.level);
  const auto verdict = node.judge("a");
  CHECK(verdict.edit_refused());
  CHECK(verdict.refusal == row.status);
  CHECK(verdict.reason == row.reason);
  CHECK(verdict.grant->generation == 1);
  CHECK(node.desired() == before);
  node.reconcile();
  CHECK(node.desired() == before);
}

TEST_CASE("the containers' sets of a grant stay in force too when an edit is refused") {
  NodeFake node(dual_socket_smt());
  node.add_pod("one");
  node.bind("a", "one", {1, 2}, cpu).spec.containers = {{"app", {2}, {}}};
  node.reconcile();
  const auto before = node.desired();
  REQUIRE(before.of("one-1").containers.at("app").cpus == CpuSet{2});
  node.edit("a", {1, 99}, cpu);
  node.binding("a").spec.containers = {};
  CHECK(node.judge("a").edit_refused());
  CHECK(node.desired() == before);
}

TEST_CASE("an edit of a container's set alone is an edit") {
  auto node = two_granted();
  node.edit("a", {1, 3}, cpu);
  node.reconcile();
  node.edit("a", {1, 3}, cpu);
  node.binding("a").spec.containers = {{"app", {3}, {}}};
  CHECK(node.desired().of("one-1").containers.at("app").cpus == CpuSet{3});
  node.reconcile();
  ++node.binding("a").meta.generation;
  node.binding("a").spec.containers = {{"nobody", {3}, {}}};
  CHECK(node.judge("a").reason == "UnknownContainer");
  CHECK(node.desired().of("one-1").containers.at("app").cpus == CpuSet{3});
}

TEST_CASE("a refused edit keeps its CPUs from everyone, and what it asks for from nobody") {
  auto node = two_granted();
  node.edit("a", {2, 3}, cpu);
  node.add_pod("three");
  node.add_pod("four");
  node.bind("c", "three", {1}, none);
  node.bind("d", "four", {3}, cpu);
  CHECK(node.judge("a").edit_refused());
  CHECK(node.judge("c").reason == "ExclusiveOverlap");
  CHECK(node.judge("d").admitted());
}

TEST_CASE("an edit is judged again when what it waits for is free") {
  auto node = two_granted();
  node.edit("a", {2}, cpu);
  node.reconcile();
  CHECK(node.judge("a").edit_refused());
  node.remove_pod("two");
  const auto verdict = node.judge("a");
  CHECK_FALSE(verdict.edit_refused());
  CHECK(verdict.refusal == api::BindingStatus::unset);
  CHECK(verdict.message.empty());
  CHECK(verdict.grant->cpu_set == CpuSet{2});
}

TEST_CASE("an older edit is granted in the same judging that a younger one makes room for it") {
  auto node = two_granted();
  node.add_pod("three");
  node.bind("c", "three", {2}, cpu);  // wants the same, and is younger than both
  node.edit("a", {2}, cpu);
  node.edit("b", {5}, cpu);
  CHECK(node.judge("a").grant->cpu_set == CpuSet{2});
  CHECK(node.judge("b").grant->cpu_set == CpuSet{5});
  CHECK(node.judge("c").reason == "ExclusiveOverlap");
}

TEST_CASE("two bindings cannot swap their CPUs, and keep what they have") {
  auto node = two_granted();
  node.edit("a", {2}, cpu);
  node.edit("b", {1}, cpu);
  CHECK(node.judge("a").edit_refused());
  CHECK(node.judge("b").edit_refused());
  CHECK(node.judge("a").grant->cpu_set == CpuSet{1});
  CHECK(node.judge("b").grant->cpu_set == CpuSet{2});
}

TEST_CASE("an edit back to what was granted is granted") {
  auto node = two_granted();
  node.edit("a", {}, cpu);
  node.reconcile();
  node.edit("a", {1}, cpu);
  const auto verdict = node.judge("a");
  CHECK_FALSE(verdict.edit_refused());
  CHECK(verdict.grant->generation == 3);
}

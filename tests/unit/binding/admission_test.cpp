// What is admitted and what is refused, of specs that nobody has judged before.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <actimanager/binding/admission.hpp>

#include "node_fake.hpp"

using namespace actimanager;
using namespace actimanager::binding;
using namespace actimanager::binding::testing;
using api::BindingStatus;
using topology::testing::dual_socket_smt;  // socket 0: CPUs 0-3,8-11, socket 1: CPUs 4-7,12-15
using topology::testing::one_socket_smt;   // CPU n and n+4 are siblings

namespace {

struct Refused {
  BindingStatus status;
  const char* reason;
  const char* message;
};

void check(const Verdict& verdict, const Refused& expected) {
  CHECK(verdict.kind == Verdict::Kind::refused);
  CHECK_FALSE(verdict.grant);
  CHECK(verdict.refusal == expected.status);
  CHECK(verdict.reason == expected.reason);
  CHECK(verdict.message == expected.message);
}

}  // namespace

TEST_CASE("a level keeps others off the CPUs, their cores, sockets or NUMA nodes") {
  struct Row {
    ExclusivenessLevel level;
    CpuSet cpus, exclusive;
  };
  const auto row = GENERATE(Row{none, {0, 9}, {}}, Row{cpu, {0, 9}, {0, 9}},
                            Row{core, {0, 9}, {0, 8, 1, 9}},  // the named CPUs and their siblings
                            Row{ExclusivenessLevel::socket, {9}, {0, 1, 2, 3, 8, 9, 10, 11}},
                            Row{numa, {4, 12}, {4, 5, 6, 7, 12, 13, 14, 15}});
  NodeFake node(dual_socket_smt());
  node.add_pod("web");
  node.bind("b", "web", row.cpus, row.level);
  const auto verdict = node.judge("b");
  REQUIRE(verdict.admitted());
  CHECK(verdict.grant->generation == 1);
  CHECK(verdict.grant->cpu_set == row.cpus);  // the Pod runs on the named CPUs alone
  CHECK(verdict.grant->exclusive_cpus == row.exclusive);
  CHECK(verdict.reason.empty());
}

TEST_CASE("a spec that is wrong in itself is refused and its field named") {
  struct Row {
    CpuSet cpus;
    ExclusivenessLevel level;
    CpuSet reserved;
    Refused expected;
  };
  const auto invalid = BindingStatus::invalid_cpu_set;
  const auto failed = BindingStatus::cpu_set_allocation_failed;
  const auto row = GENERATE_COPY(
      Row{{}, none, {}, {invalid, "EmptyCPUSet", "spec.cpuSet: names no CPU"}},
      Row{{1, 8, 300},
          none,
          {},
          {invalid, "UnknownCPU", "spec.cpuSet: the node has no CPU 8,300 online (its CPUs are 0-7)"}},
      Row{{0, 1},
          cpu,
          {0},
          {invalid, "ReservedCPU", "spec.cpuSet: CPU 0 is reserved for the node and cannot be exclusive"}},
      Row{{4},
          core,
          {0},
          {invalid, "ReservedCPU",
           "spec.exclusivenessLevel: CPU 0 is reserved for the node and cannot be exclusive"}},
      Row{CpuSet::range(0, 7),
          cpu,
          {},
          {failed, "EmptySharedPool",
           "spec.cpuSet: no CPU would be left for the Pods without a binding (the shared pool)"}},
      Row{{0},
          ExclusivenessLevel::socket,
          {},
          {failed, "EmptySharedPool",
           "spec.cpuSet: no CPU would be left for the Pods without a binding (the shared pool)"}});
  NodeFake node(one_socket_smt(), row.reserved);
  node.add_pod("web");
  node.bind("b", "web", row.cpus, row.level);
  check(node.judge("b"), row.expected);
}

TEST_CASE("reserved CPUs, and all CPUs together, may be named at level None") {
  NodeFake node(one_socket_smt(), {0, 4});
  node.add_pod("web");
  node.bind("b", "web", CpuSet::range(0, 7), none);
  CHECK(node.judge("b").admitted());
}

TEST_CASE("partitions are for Pods with CPUs of their own only") {
  NodeFake node(one_socket_smt());
  node.add_pod("web");
  node.bind("b", "web", {1}, none).spec.isolation = api::Isolation::partition;
  check(node.judge("b"),
        {BindingStatus::invalid_cpu_set, "NeedsExclusiveCPUs",
         "spec.isolation: partition is for a Pod with CPUs of its own, and exclusivenessLevel is None"});
  node.edit("b", {1}, cpu);
  CHECK(node.judge("b").grant->isolation == api::Isolation::partition);
  CHECK(node.desired().of("web-1").is_partition);
}

TEST_CASE("quotas are lifted of Pods with CPUs of their own only") {
  NodeFake node(one_socket_smt());
  node.add_pod("web");
  node.bind("b", "web", {1}, none).spec.cfs_quota = api::CfsQuota::lift;
  check(node.judge("b"),
        {BindingStatus::invalid_cpu_set, "NeedsExclusiveCPUs",
         "spec.cfsQuota: lift is for a Pod with CPUs of its own, and exclusivenessLevel is None"});
  node.edit("b", {1}, cpu);
  CHECK(node.judge("b").grant->cfs_quota == api::CfsQuota::lift);
}

TEST_CASE("a spec that could not be read is refused in the decoder's words") {
  NodeFake node(one_socket_smt());
  node.add_pod("web");
  node.bind("b", "web", {1}, none).spec_error = "spec.cpuSet[0].cpuID: 99999 is not between 0 and 8191";
  check(node.judge("b"), {BindingStatus::invalid_cpu_set, "InvalidSpec",
                          "spec.cpuSet[0].cpuID: 99999 is not between 0 and 8191"});
}

TEST_CASE("a container's set lies in its Pod's and names a container and memory that are there") {
  struct Row {
    std::vector<api::PodCPUBinding::Container> containers;
    const char* reason;
    const char* message;
  };
  const auto row = GENERATE(
      Row{{{"app", {1, 3}, {}}},
          "InvalidContainer",
          "spec.containers[app].cpuSet: CPU 3 is not in spec.cpuSet"},
      Row{{{"side", {1}, {}}},
          "UnknownContainer",
          "spec.containers[side]: the Pod has no container of this name"},
      Row{{{"app", {1}, {}}, {"app", {2}, {}}}, "InvalidContainer", "spec.containers[app]: named twice"},
      Row{{{"app", {}, {1}}},
          "UnknownMemoryNode",
          "spec.containers[app].memoryNodes: the node has no memory in NUMA node 1 (it has in 0)"});
  NodeFake node(one_socket_smt());
  node.add_pod("web");
  node.bind("b", "web", {1, 2}, cpu).spec.containers = row.containers;
  check(node.judge("b"), {BindingStatus::invalid_cpu_set, row.reason, row.message});
}

TEST_CASE("containers, init containers and ephemeral containers may have their own sets") {
  NodeFake node(one_socket_smt());
  node.add_pod("web").spec->ephemeral_containers = {"debugger"};
  node.bind("b", "web", {1, 2}, cpu).spec.containers = {
      {"app", {1}, {0}}, {"setup", {2}, {}}, {"debugger", {}, {}}};
  const auto verdict = node.judge("b");
  REQUIRE(verdict.admitted());
  CHECK(verdict.containers == verdict.binding->spec.containers);
  CHECK(verdict.grant->containers == verdict.binding->spec.containers);
}

TEST_CASE("of two new bindings the older one has its way, whatever the order they are looked at") {
  struct Row {
    ExclusivenessLevel older, younger;
    CpuSet older_cpus, younger_cpus;
    Refused expected;  // of the younger one; reason "": admitted
  };
  const auto failed = BindingStatus::cpu_set_allocation_failed;
  const Refused admitted{BindingStatus::unset, "", ""};
  const auto row = GENERATE_COPY(
      Row{none, none, {0, 1}, {1, 2}, admitted}, Row{cpu, cpu, {0, 1}, {2, 3}, admitted},
      Row{cpu, cpu, {0}, {8}, admitted},  // level CPU: a sibling may be another's
      Row{cpu,
          none,
          {0, 1},
          {1, 2},
          {failed, "ExclusiveOverlap", "spec.cpuSet: CPU 1 is exclusive to PodCPUBinding default/old"}},
      Row{none,
          cpu,
          {0, 1},
          {1, 2},
          {failed, "WouldTakeCPUs", "spec.cpuSet: CPU 1 would be taken from PodCPUBinding default/old"}},
      Row{core,
          none,
          {0},
          {8},
          {failed, "ExclusiveOverlap", "spec.cpuSet: CPU 8 is exclusive to PodCPUBinding default/old"}},
      Row{none,
          core,
          {8},
          {0},
          {failed, "WouldTakeCPUs",
           "spec.exclusivenessLevel: CPU 8 would be taken from PodCPUBinding default/old"}},
      Row{cpu,
          core,
          {8},
          {0},
          {failed, "ExclusiveOverlap",
           "spec.exclusivenessLevel: CPU 8 is exclusive to PodCPUBinding default/old"}},
      Row{core,
          ExclusivenessLevel::socket,
          {0},
          {3},
          {failed, "ExclusiveOverlap",
           "spec.exclusivenessLevel: CPU 0,8 is exclusive to PodCPUBinding default/old"}},
      Row{ExclusivenessLevel::socket,
          numa,
          {0},
          {4},
          {failed, "EmptySharedPool",
           "spec.cpuSet: no CPU would be left for the Pods without a binding (the shared pool)"}});
  NodeFake node(dual_socket_smt());
  node.add_pod("one");
  node.add_pod("two");
  // By name the younger one comes first.
  node.bind("old", "one", row.older_cpus, row.older);
  node.bind("new", "two", row.younger_cpus, row.younger);
  CAPTURE(row.expected.message);
  CHECK(node.judge("old").admitted());
  if (*row.expected.reason == '\0') {
    CHECK(node.judge("new").admitted());
  } else {
    check(node.judge("new"), row.expected);
  }
}

TEST_CASE("of two bindings of the same second the lower UID is the older one") {
  NodeFake node(one_socket_smt());
  node.add_pod("one");
  node.add_pod("two");
  const auto& first = node.bind("z", "one", {1}, cpu);
  node.bind("a", "two", {1}, cpu).meta.creation_timestamp = first.meta.creation_timestamp;
  CHECK(node.judge("z").admitted());
  CHECK(node.judge("a").reason == "ExclusiveOverlap");
}

TEST_CASE("a Pod has one binding; a refused one is none") {
  NodeFake node(one_socket_smt());
  node.add_pod("web");
  node.bind("first", "web", {}, cpu);
  node.bind("second", "web", {1}, cpu);
  node.bind("third", "web", {2}, none);
  CHECK_FALSE(node.judge("first").admitted());
  CHECK(node.judge("second").admitted());
  check(node.judge("third"),
        {BindingStatus::cpu_set_allocation_failed, "SecondBinding",
         "spec.podName: the Pod has its CPUs from PodCPUBinding default/second already"});
}

TEST_CASE("what a refused binding asked for stays free for those after it") {
  NodeFake node(one_socket_smt());
  node.add_pod("one");
  node.add_pod("two");
  node.bind("greedy", "one", CpuSet::range(0, 7), cpu);
  node.bind("modest", "two", {5}, cpu);
  CHECK_FALSE(node.judge("greedy").admitted());
  CHECK(node.judge("modest").admitted());
}

TEST_CASE("a binding does not reach Pods of another namespace") {
  NodeFake node(one_socket_smt());
  node.add_pod("web");
  auto& other = node.bind("b", "web", {1}, cpu);
  other.meta.namespace_ = "elsewhere";
  CHECK(node.judge("b").kind == Verdict::Kind::not_ours);
}

TEST_CASE("before the topology is known nothing is judged") {
  NodeFake node(one_socket_smt());
  node.add_pod("web");
  node.bind("b", "web", {1}, cpu);
  node.forget_topology();
  CHECK(node.judge("b").kind == Verdict::Kind::not_ours);
}

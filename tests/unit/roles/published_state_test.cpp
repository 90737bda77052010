#include "published_state.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace actimanager;

namespace {

const api::Time then{std::chrono::seconds(1000)};
const api::Time later{std::chrono::seconds(2000)};

roles::PublishedState a_state() {
  return {.topology = std::make_shared<const topology::Topology>(
              *topology::Topology::make({.sockets = {{SocketId{0}, {0, 1, 2}}},
                                         .cores = {{CoreId{0}, SocketId{0}, {0, 1, 2}}},
                                         .numa_nodes = {},
                                         .caches = {},
                                         .cpu_kinds = {}})),
          .reserved = {0},
          .exclusive = CpuSet{2},
          .cgroup = {"v2", "systemd"},
          .failure = {},
          .objection = {}};
}

}  // namespace

TEST_CASE("what the agent knows is published as Fresh") {
  api::NodeCPUTopology object;
  object.meta.generation = 3;
  const auto status = roles::published_status(object, "10.0.0.1", a_state(), then);
  CHECK(status.resource_status == api::TopologyStatus::fresh);
  CHECK(status.internal_ip == "10.0.0.1");
  CHECK(status.reserved_cpus == CpuSet{0});
  CHECK(status.allocatable == CpuSet{1, 2});
  CHECK(status.exclusive == CpuSet{2});
  CHECK(status.cgroup.driver == "systemd");
  const auto* ready = api::find_condition(status.conditions, "Ready");
  REQUIRE(ready != nullptr);
  CHECK(ready->status == api::ConditionStatus::true_);
  CHECK(ready->observed_generation == 3);
}

TEST_CASE("exclusive CPUs that are not known yet stay as published") {
  api::NodeCPUTopology object;
  object.status.exclusive = {1};
  auto state = a_state();
  state.exclusive.reset();
  CHECK(roles::published_status(object, "", state, then).exclusive == CpuSet{1});
  state.exclusive.emplace();
  CHECK(roles::published_status(object, "", state, then).exclusive == CpuSet{});
}

TEST_CASE("a topology that cannot be found out anew is Failed, its condition says why, and it recovers") {
  api::NodeCPUTopology object;
  auto state = a_state();
  object.status = roles::published_status(object, "", state, then);
  state.failure = "hwloc: cannot look at this machine";
  object.status = roles::published_status(object, "", state, later);
  CHECK(object.status.resource_status == api::TopologyStatus::failed);
  const auto* ready = api::find_condition(object.status.conditions, "Ready");
  REQUIRE(ready != nullptr);
  CHECK(ready->status == api::ConditionStatus::false_);
  CHECK(ready->reason == "DiscoveryFailed");
  CHECK(ready->message.contains(state.failure));
  CHECK(ready->last_transition_time == later);
  CHECK(object.status.allocatable == CpuSet{1, 2});

  state.failure.clear();
  object.status = roles::published_status(object, "", state, later);
  CHECK(object.status.resource_status == api::TopologyStatus::fresh);
  CHECK(api::find_condition(object.status.conditions, "Ready")->status == api::ConditionStatus::true_);
}

TEST_CASE(
    "that nothing is pinned is a condition for as long as it is so, and the topology Fresh all the same") {
  api::NodeCPUTopology object;
  auto state = a_state();
  state.objection = host::Objection{"KubeletCPUManager", "the kubelet writes them", false};
  object.status = roles::published_status(object, "", state, then);
  CHECK(object.status.resource_status == api::TopologyStatus::fresh);
  const auto* condition = api::find_condition(object.status.conditions, "Undisturbed");
  REQUIRE(condition != nullptr);
  CHECK(condition->status == api::ConditionStatus::false_);
  CHECK(condition->reason == "KubeletCPUManager");
  CHECK(condition->message == "the kubelet writes them");
  state.objection.reset();
  object.status = roles::published_status(object, "", state, later);
  CHECK(api::find_condition(object.status.conditions, "Undisturbed") == nullptr);
}

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <actimanager/api/names.hpp>
#include <actimanager/binding/lifecycle.hpp>

#include "node_fake.hpp"

using namespace actimanager;
using namespace actimanager::binding;
using namespace actimanager::binding::testing;
using api::BindingStatus;
using Kind = Action::Kind;

namespace {

constexpr api::Time noon{std::chrono::hours(480'000)};

struct Scene {
  NodeFake node{topology::testing::dual_socket_smt()};
  bool pod_there = true;
  Surroundings around{.pod = nullptr, .node_exists = true, .node_has_topology = true};

  Scene() { node.add_pod("web"); }
  api::Pod& pod() { return node.pod("web"); }
  Action action(const api::PodCPUBinding& binding) {
    around.pod = pod_there ? std::make_shared<api::Pod>(pod()) : nullptr;
    return next_action(binding, around, noon);
  }
};

void check_says(const Action& action, BindingStatus status, const char* reason, const char* message) {
  REQUIRE(action.kind == Kind::status);
  CHECK(action.status.resource_status == status);
  const auto* condition = api::find_condition(action.status.conditions, "Admitted");
  REQUIRE(condition != nullptr);
  CHECK(condition->status == api::ConditionStatus::false_);
  CHECK(condition->reason == reason);
  CHECK(condition->message == message);
  CHECK(condition->last_transition_time == noon);
}

}  // namespace

TEST_CASE("the leader says nothing of a binding whose agent can judge it") {
  Scene scene;
  CHECK(scene.action(scene.node.bind("b", "web", {1}, cpu)).kind == Kind::none);
  CHECK(scene.action(scene.node.bind("empty", "web", {}, cpu)).kind == Kind::none);
  CHECK(scene.action(scene.node.place("web", "web-1", {1}, cpu)).kind == Kind::none);
}

TEST_CASE("a hand-made binding without a living Pod is PodNotFound") {
  Scene scene;
  auto& binding = scene.node.bind("b", "web", {1}, cpu);
  SECTION("because there is none") {
    scene.pod_there = false;
    check_says(scene.action(binding), BindingStatus::pod_not_found, "PodNotFound",
               "spec.podName: there is no Pod \"web\" in this namespace");
  }
  SECTION("because it has ended") {
    scene.pod().phase = "Succeeded";
    check_says(scene.action(binding), BindingStatus::pod_not_found, "PodNotFound",
               "spec.podName: Pod default/web has ended");
  }
  binding.status = scene.action(binding).status;
  CHECK(scene.action(binding).kind == Kind::none);  // said once
}

TEST_CASE("a binding goes with its Pod") {
  Scene scene;
  const bool by_hand = GENERATE(true, false);
  api::PodCPUBinding binding =
      by_hand ? scene.node.bind("b", "web", {1}, cpu) : scene.node.place("web", "web-1", {1}, cpu);
  if (by_hand) {
    scene.node.reconcile();  // admitted: from now on it is this Pod's
    binding = scene.node.binding("b");
  }
  CHECK(scene.action(binding).kind == Kind::none);
  SECTION("that is gone") {
    scene.pod_there = false;
  }
  SECTION("that has succeeded") {
    scene.pod().phase = "Succeeded";
  }
  SECTION("that has failed") {
    scene.pod().phase = "Failed";
  }
  SECTION("that another of its name has replaced") {
    scene.node.add_pod("web");
  }
  CHECK(scene.action(binding).kind == Kind::remove);
  binding.meta.deletion_timestamp = noon;
  CHECK(scene.action(binding).kind == Kind::none);  // being deleted already
}

TEST_CASE("a terminating Pod keeps its binding") {
  Scene scene;
  scene.pod().meta.deletion_timestamp = noon;
  CHECK(scene.action(scene.node.place("web", "web-1", {1}, cpu)).kind == Kind::none);
}

TEST_CASE("a binding of a Pod that has no node yet is Pending, unless the scheduler is about to bind it") {
  Scene scene;
  scene.pod().node_name = "";
  check_says(scene.action(scene.node.bind("b", "web", {1}, cpu)), BindingStatus::pending, "PodNotScheduled",
             "the Pod has no node yet");
  CHECK(scene.action(scene.node.place("web", "web-1", {1}, cpu)).kind == Kind::none);
}

TEST_CASE("a node without a topology has no judge") {
  Scene scene;
  scene.around.node_has_topology = false;
  const auto& binding = scene.node.bind("b", "web", {1}, cpu);
  const auto action = scene.action(binding);
  check_says(action, BindingStatus::node_topology_not_found, "NodeTopologyNotFound",
             "node node-a has no NodeCPUTopology: no agent runs there");
  CHECK(action.status.node_name == "node-a");
  scene.around.node_exists = false;
  check_says(scene.action(binding), BindingStatus::node_topology_not_found, "NodeTopologyNotFound",
             "node node-a has no NodeCPUTopology: there is no such node");
}

TEST_CASE("what an agent has granted is not taken back because the node's topology is gone for a while") {
  Scene scene;
  scene.node.bind("b", "web", {1}, cpu);
  scene.node.reconcile();
  scene.around.node_has_topology = false;
  CHECK(scene.action(scene.node.binding("b")).kind == Kind::none);
}

TEST_CASE("a binding labelled with another node than its Pod's has no judge") {
  Scene scene;
  auto& by_hand = scene.node.bind("b", "web", {1}, cpu);
  by_hand.meta.labels[std::string(api::node_name_label)] = "node-a";
  CHECK(scene.action(by_hand).kind == Kind::none);
  by_hand.meta.labels[std::string(api::node_name_label)] = "node-b";
  check_says(scene.action(by_hand), BindingStatus::pending, "WrongNodeLabel",
             "metadata.labels[cslab.ece.ntua.gr/node-name]: the Pod is on node node-a, not on node-b");
  by_hand.status.admitted =
      api::PodCPUBinding::Admitted{.cpu_set = {1}};  // whose agent does not watch it any more
  check_says(scene.action(by_hand), BindingStatus::pending, "WrongNodeLabel",
             "metadata.labels[cslab.ece.ntua.gr/node-name]: the Pod is on node node-a, not on node-b");
  auto& placed = scene.node.place("web", "web-1", {1}, cpu);
  placed.meta.labels[std::string(api::node_name_label)] = "node-b";
  CHECK(scene.action(placed).kind == Kind::none);  // it is moved, without a word
  placed.status.admitted = by_hand.status.admitted;
  CHECK_FALSE(scene.action(placed).status.admitted);
  CHECK(scene.action(placed).kind == Kind::status);
}

TEST_CASE("a topology is told apart from one without its node or its data") {
  api::NodeCPUTopology object;
  object.node_name = "node-a";
  auto status = next_topology_status(object, true, noon);
  REQUIRE(status);
  CHECK(status->resource_status == api::TopologyStatus::needs_sync);
  object.status = *status;
  CHECK_FALSE(next_topology_status(object, true, noon));  // said already

  object.topology = topology::testing::one_socket_smt();
  CHECK_FALSE(next_topology_status(object, true, noon));  // Fresh is for its agent to say
  object.status.resource_status = api::TopologyStatus::fresh;

  status = next_topology_status(object, false, noon);
  REQUIRE(status);
  CHECK(status->resource_status == api::TopologyStatus::node_not_found);
  CHECK(api::find_condition(status->conditions, "Ready")->message ==
        "spec.nodeName: there is no Node \"node-a\"");
  object.status = *status;
  CHECK_FALSE(next_topology_status(object, false, noon));

  status = next_topology_status(object, true, noon);  // the node is back
  REQUIRE(status);
  CHECK(status->resource_status == api::TopologyStatus::needs_sync);
}

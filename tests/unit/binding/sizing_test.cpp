#include <catch2/catch_test_macros.hpp>

#include <actimanager/binding/sizing.hpp>

#include "node_fake.hpp"

using namespace actimanager;
using namespace actimanager::binding;
using namespace actimanager::binding::testing;
using api::ConditionStatus;

namespace {

constexpr api::Time noon{std::chrono::hours(480'000)};

struct Scene {
  NodeFake node{topology::testing::dual_socket_smt()};
  api::PodCPUBinding& binding = node.place("web", "web-1", {1, 2}, core);

  void mark() {
    binding.meta.annotations[std::string(placed_annotation)] =
        placed_mark({binding.spec.cpu_set, binding.spec.exclusiveness_level});
  }
  // As the leader does it.
  void edit(const CpuSet& cpus) {
    node.edit("web-pcb", cpus, core);
    mark();
  }
  void grant(const CpuSet& cpus) {
    binding.status.admitted = {binding.meta.generation, cpus, cpus, {}};
    binding.status.observed_generation = binding.meta.generation;
  }
  void refuse() { binding.status.observed_generation = binding.meta.generation; }
  Sizing next(int wanted, const allocator::Resized& resized) {
    return next_sizing(binding, *resizable(binding), wanted, resized, noon);
  }
};

allocator::Resized found(const CpuSet& cpus) {
  return {.cpus = cpus, .missing = {}};
}
const allocator::Resized too_few{.cpus = std::nullopt, .missing = "2 more free CPUs"};

}  // namespace

TEST_CASE("a set is the scheduler's while it is as the scheduler wrote it") {
  Scene scene;
  CHECK(placed_mark({{1, 2}, core}) == "Core 1-2");
  SECTION("marked") {
    scene.mark();
    CHECK(is_as_placed(scene.binding));
  }
  SECTION("of an older version, and never edited") {
    CHECK(is_as_placed(scene.binding));
    scene.node.edit("web-pcb", {1, 2}, core);
    CHECK_FALSE(is_as_placed(scene.binding));
  }
  SECTION("edited by the scheduler") {
    scene.edit({1, 2, 3});
    CHECK(is_as_placed(scene.binding));
  }
  SECTION("another set by hand") {
    scene.mark();
    scene.node.edit("web-pcb", {1, 3}, core);
    CHECK_FALSE(is_as_placed(scene.binding));
  }
  SECTION("another level by hand") {
    scene.mark();
    scene.node.edit("web-pcb", {1, 2}, numa);
    CHECK_FALSE(is_as_placed(scene.binding));
  }
  SECTION("shared out to containers by hand") {
    scene.mark();
    scene.binding.spec.containers = {{"main", {1}, {}}};
    CHECK_FALSE(is_as_placed(scene.binding));
  }
  SECTION("made by hand, mark or not") {
    scene.mark();
    scene.binding.meta.owner_references->front().controller = false;
    CHECK_FALSE(is_as_placed(scene.binding));
  }
}

TEST_CASE("what a resize starts from") {
  Scene scene;
  scene.mark();
  SECTION("the spec, where no agent has judged it") {
    CHECK(resizable(scene.binding)->cpus == CpuSet{1, 2});
  }
  SECTION("the spec, where it is granted") {
    scene.grant({1, 2});
    CHECK(resizable(scene.binding) == allocator::Placement{{1, 2}, core});
  }
  SECTION("nothing, while an edit waits for its judge") {
    scene.grant({1, 2});
    scene.edit({1, 2, 3});
    CHECK_FALSE(resizable(scene.binding));
  }
  SECTION("what was granted before, where an edit was refused") {
    scene.grant({1, 2});
    scene.edit({1, 2, 3});
    scene.refuse();
    CHECK(resizable(scene.binding)->cpus == CpuSet{1, 2});
  }
  SECTION("nothing, where it was edited by hand") {
    scene.node.edit("web-pcb", {1}, core);
    CHECK_FALSE(resizable(scene.binding));
  }
  SECTION("nothing, while it is being deleted") {
    scene.binding.meta.deletion_timestamp = noon;
    CHECK_FALSE(resizable(scene.binding));
  }
}

TEST_CASE("a set that matches needs nothing, and nothing is said of it") {
  Scene scene;
  scene.grant({1, 2});
  const auto sizing = scene.next(2, found({1, 2}));
  CHECK_FALSE(sizing.edit);
  CHECK_FALSE(sizing.condition);
  CHECK_FALSE(sizing.waits);
}

TEST_CASE("a set that does not match is edited") {
  Scene scene;
  scene.grant({1, 2});
  CHECK(scene.next(3, found({1, 2, 3})).edit == CpuSet{1, 2, 3});
  CHECK(scene.next(1, found({1})).edit == CpuSet{1});
}

TEST_CASE("where there are no CPUs it says so once, waits, and says when it is over") {
  Scene scene;
  scene.grant({1, 2});
  auto sizing = scene.next(4, too_few);
  CHECK_FALSE(sizing.edit);
  CHECK(sizing.waits);
  REQUIRE(sizing.condition);
  CHECK(sizing.condition->type == "MatchesRequest");
  CHECK(sizing.condition->status == ConditionStatus::false_);
  CHECK(sizing.condition->reason == "NoFreeCPUs");
  CHECK(sizing.condition->message == "the Pod asks for 4 CPUs and has 2: its node has no 2 more free CPUs");
  api::set_condition(scene.binding.status.conditions, *sizing.condition);

  sizing = scene.next(4, too_few);
  CHECK_FALSE(sizing.condition);
  CHECK(sizing.waits);

  // Not before it is granted.
  CHECK_FALSE(scene.next(4, found({1, 2, 3, 4})).condition);
  scene.edit({1, 2, 3, 4});
  scene.grant({1, 2, 3, 4});
  sizing = scene.next(4, found({1, 2, 3, 4}));
  REQUIRE(sizing.condition);
  CHECK(sizing.condition->status == ConditionStatus::true_);
  CHECK(sizing.condition->reason == "Matches");
  api::set_condition(scene.binding.status.conditions, *sizing.condition);
  CHECK_FALSE(scene.next(4, found({1, 2, 3, 4})).condition);
}

TEST_CASE("an edit that its agent refused") {
  Scene scene;
  scene.grant({1, 2});
  scene.edit({1, 2, 3});
  scene.refuse();
  SECTION("is left to be judged again, where we know no better") {
    const auto sizing = scene.next(3, found({1, 2, 3}));
    CHECK_FALSE(sizing.edit);
    CHECK(sizing.waits);
  }
  SECTION("gives way to others") {
    CHECK(scene.next(3, found({1, 2, 4})).edit == CpuSet{1, 2, 4});
  }
  SECTION("is taken back where there are none, and where none are asked for any more") {
    const auto sizing = scene.next(4, too_few);
    CHECK(sizing.edit == CpuSet{1, 2});
    CHECK(sizing.condition);
    CHECK(scene.next(2, found({1, 2})).edit == CpuSet{1, 2});
  }
}

TEST_CASE("a condition does not outlive an edit by hand") {
  Scene scene;
  CHECK_FALSE(sizing_given_up(scene.binding, noon));
  api::set_condition(scene.binding.status.conditions, *scene.next(4, too_few).condition);
  CHECK_FALSE(sizing_given_up(scene.binding, noon));
  scene.node.edit("web-pcb", {1, 3}, core);
  const auto said = sizing_given_up(scene.binding, noon);
  REQUIRE(said);
  CHECK(said->status == ConditionStatus::unknown);
  CHECK(said->reason == "EditedByHand");
  api::set_condition(scene.binding.status.conditions, *said);
  CHECK_FALSE(sizing_given_up(scene.binding, noon));
}

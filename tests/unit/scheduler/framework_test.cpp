#include <catch2/catch_test_macros.hpp>

#include <actimanager/scheduler/framework.hpp>

#include "fixtures.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

TEST_CASE("statuses say their code, and which of them refuse") {
  CHECK(Status{}.ok());
  CHECK_FALSE(Status{}.rejected());
  CHECK(unschedulable("full").rejected());
  CHECK(unresolvable("never").rejected());
  CHECK_FALSE(skip().rejected());
  CHECK_FALSE(skip().ok());
  CHECK_FALSE(Status{Code::error, {}, {}}.rejected());
  CHECK(to_string(unschedulable("full").code) == "Unschedulable");
  CHECK(to_string(unresolvable("never").code) == "UnschedulableAndUnresolvable");
  CHECK(unschedulable("full").reasons == std::vector<std::string>{"full"});
}

TEST_CASE(
    "a wish becomes a request: the annotation's level wins, at level None the Pod is in the pool itself") {
  NodeInfo node;
  CpuWish wish{.cpus = 3, .milli_cpu = 2500, .shape = {}, .class_level = {}, .isolation_level = {}};
  CHECK(wish.request(node).shape == allocator::Shape::fewest_units);
  CHECK(wish.request(node).level == api::ExclusivenessLevel::cpu);
  CHECK(wish.request(node).cpus == 3);
  CHECK(wish.request(node).min_pool == 1);
  wish.class_level = api::ExclusivenessLevel::core;
  CHECK(wish.request(node).level == api::ExclusivenessLevel::core);
  wish.isolation_level = api::ExclusivenessLevel::none;
  CHECK(wish.request(node).level == api::ExclusivenessLevel::none);
  CHECK(wish.request(node).min_pool == 3);
}

TEST_CASE("as many share a CPU as there are of their requests in it, ten that ask for nothing") {
  const NodeInfo node;
  const auto sharers = [&](std::int64_t milli_cpu) {
    return CpuWish{.cpus = 1, .milli_cpu = milli_cpu, .shape = {}, .class_level = {}, .isolation_level = {}}
        .request(node)
        .max_sharers;
  };
  CHECK(sharers(0) == 10);
  CHECK(sharers(250) == 4);
  CHECK(sharers(700) == 1);
  CHECK(sharers(5000) == 1);
}

TEST_CASE("what one owner keeps in a decision's state is its own") {
  struct Number : CycleState::Data {
    explicit Number(int n) : value(n) {}
    int value;
  };
  CycleState state;
  const int a = 0, b = 0;
  state.write(&a, std::make_unique<Number>(1));
  CHECK(state.read<Number>(&a)->value == 1);
  CHECK(state.read<Number>(&b) == nullptr);
  state.write(&a, std::make_unique<Number>(2));
  CHECK(state.read<Number>(&a)->value == 2);
}

TEST_CASE("what is edited in one decision's state is not in copies of it") {
  struct Number : CycleState::Data {
    int value = 0;
  };
  CycleState state;
  const void* owner = &state;
  state.edit<Number>(owner).value = 1;
  const auto* before = state.read<Number>(owner);
  state.edit<Number>(owner).value = 2;
  CHECK(state.read<Number>(owner) == before);
  CHECK(before->value == 2);
  auto copy = state;
  copy.edit<Number>(owner).value = 3;
  CHECK(state.read<Number>(owner)->value == 2);
  CHECK(copy.read<Number>(owner)->value == 3);
}

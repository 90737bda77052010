// What was granted once: who keeps it, for how long, and what hotplug and reservations do to it.
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <actimanager/binding/admission.hpp>

#include "node_fake.hpp"

using namespace actimanager;
using namespace actimanager::binding;
using namespace actimanager::binding::testing;
using topology::testing::one_socket_smt;  // CPU n and n+4 are siblings
using Kind = Verdict::Kind;

TEST_CASE("a recorded grant counts before every new spec, older ones included") {
  NodeFake node(one_socket_smt());
  node.add_pod("one");
  auto& older = node.bind("older", "one", {}, cpu);
  node.add_pod("two");
  node.bind("granted", "two", {1, 2}, cpu);
  node.reconcile();
  older.spec.cpu_set = {1};
  ++older.meta.generation;
  CHECK(node.judge("granted").admitted());
  CHECK(node.judge("older").reason == "ExclusiveOverlap");
}

TEST_CASE("a refused binding is admitted when what it waits for becomes free") {
  NodeFake node(one_socket_smt());
  for (const auto* pod : {"one", "two"}) node.add_pod(pod);
  node.bind("first", "one", {1}, cpu);
  node.bind("waiting", "two", {1}, cpu);
  node.reconcile();
  CHECK(node.judge("waiting").kind == Kind::refused);
  SECTION("because the other binding is deleted") {
    node.remove("first");
  }
  SECTION("because it is being deleted") {
    node.binding("first").meta.deletion_timestamp = api::Time{};
  }
  SECTION("because its Pod is gone") {
    node.remove_pod("one");
  }
  SECTION("because its Pod has succeeded") {
    node.pod("one").phase = "Succeeded";
  }
  SECTION("because its Pod has failed") {
    node.pod("one").phase = "Failed";
  }
  SECTION("because its Pod was replaced by one of the same name") {
    node.add_pod("one");
  }
  CHECK(node.judge("waiting").admitted());
}

TEST_CASE("a terminating Pod holds its CPUs until it is gone") {
  NodeFake node(one_socket_smt());
  for (const auto* pod : {"one", "two"}) node.add_pod(pod);
  node.bind("first", "one", {1}, cpu);
  node.bind("waiting", "two", {1}, cpu);
  node.reconcile();
  node.pod("one").meta.deletion_timestamp = api::Time{};
  CHECK(node.judge("first").admitted());
  CHECK(node.judge("waiting").kind == Kind::refused);
}

TEST_CASE("a Pod of the same name does not inherit its predecessor's binding") {
  NodeFake node(one_socket_smt());
  node.add_pod("web");
  node.bind("b", "web", {1}, cpu);
  CHECK(node.judge("b").admitted());  // of no owner yet: for whoever bears the name
  node.reconcile();
  node.add_pod("web");
  CHECK(node.judge("b").kind == Kind::not_ours);
  CHECK(node.desired().exclusive.empty());
}

TEST_CASE("a grant without the owner that is recorded with it is judged anew") {
  NodeFake node(one_socket_smt());
  for (const auto* pod : {"one", "two"}) node.add_pod(pod);
  node.bind("granted", "one", {1}, cpu);
  node.reconcile();
  node.binding("granted").meta.owner_references->clear();
  node.bind("older", "two", {1}, cpu).meta.creation_timestamp = api::Time{};
  CHECK(node.judge("older").admitted());
  CHECK(node.judge("granted").reason == "ExclusiveOverlap");
}

TEST_CASE("of grants that contradict each other the older binding's stands") {
  NodeFake node(one_socket_smt());
  for (const auto* pod : {"one", "two"}) node.add_pod(pod);
  node.bind("older", "one", {1}, cpu);
  node.bind("younger", "two", {2}, cpu);
  node.reconcile();
  auto& younger = node.binding("younger");
  younger.spec.cpu_set = {1};
  younger.status.admitted->cpu_set = younger.status.admitted->exclusive_cpus = {1};
  CHECK(node.judge("older").admitted());
  CHECK(node.judge("younger").reason == "ExclusiveOverlap");
}

TEST_CASE("the scheduler's binding holds its CPUs before its Pod is seen, and nothing is recorded of it") {
  NodeFake node(one_socket_smt());
  node.place("new", "new-1", {1}, cpu);
  const auto verdict = node.judge("new-pcb");
  CHECK(verdict.admitted());
  CHECK(verdict.pod == nullptr);
  CHECK(node.desired().pods.at("new-1").pod.cpus == CpuSet{1});
  CHECK_FALSE(node.reconcile());
  CHECK(node.judge("new-pcb").admitted());
  node.add_pod("new");
  CHECK(node.reconcile());
  CHECK(node.binding("new-pcb").status.resource_status == api::BindingStatus::applied);
  node.remove_pod("new");  // from now on its absence means that it is gone
  CHECK(node.judge("new-pcb").kind == Kind::not_ours);
}

TEST_CASE("the scheduler's binding for a Pod that is to come is not confused with the Pod before it") {
  NodeFake node(one_socket_smt());
  node.add_pod("set-0");
  node.place("set-0", "set-0-2", {1}, cpu);  // the API server has deleted set-0-1, the watch is behind
  CHECK(node.judge("set-0-pcb").admitted());
  CHECK(node.judge("set-0-pcb").pod == nullptr);
  node.add_pod("set-0");
  CHECK(node.judge("set-0-pcb").pod->meta.uid == "set-0-2");
  node.add_pod("set-0");  // a third one: the binding is a leftover
  CHECK(node.judge("set-0-pcb").kind == Kind::not_ours);
}

TEST_CASE("what only looks like the scheduler's, without its Pod, holds nothing") {
  NodeFake node(one_socket_smt());
  node.add_pod("other");
  SECTION("it is labelled with no node: it would hold its CPUs on each") {
    node.place("new", "new-1", {1}, cpu).meta.labels = {};
  }
  SECTION("its owner is here, under another name") {
    node.place("new", "other-1", {1}, cpu);
  }
  SECTION("its owner is here, and so is another Pod of the name") {
    node.add_pod("new");
    node.place("new", "other-1", {1}, cpu);
  }
  CHECK(node.judge("new-pcb").kind == Kind::not_ours);
  CHECK(node.desired().exclusive.empty());
  CHECK_FALSE(node.desired().of("other-1").pinned);
}

TEST_CASE("a hand-made binding without its Pod holds nothing") {
  NodeFake node(one_socket_smt());
  node.bind("b", "nobody", {1}, cpu);
  CHECK(node.judge("b").kind == Kind::not_ours);
}

TEST_CASE("CPUs that go offline degrade a grant and come back to it") {
  NodeFake node(one_socket_smt());
  for (const auto* pod : {"one", "two"}) node.add_pod(pod);
  node.bind("b", "one", {1, 2}, cpu);
  node.reconcile();
  node.set_offline({2, 3});
  auto verdict = node.judge("b");
  REQUIRE(verdict.admitted());
  CHECK(verdict.offline == CpuSet{2});
  CHECK(verdict.grant->cpu_set == CpuSet{1, 2});
  node.bind("other", "two", {3}, none);
  CHECK(node.judge("other").reason == "UnknownCPU");
  node.reconcile();
  node.set_offline({});
  CHECK(node.judge("b").offline.empty());
  CHECK(node.judge("b").grant->exclusive_cpus == CpuSet{1, 2});
}

TEST_CASE("grants stand when the CPUs of the shared pool go offline") {
  NodeFake node(one_socket_smt());
  for (const auto* pod : {"one", "two"}) node.add_pod(pod);
  node.bind("a", "one", {0, 1, 2, 4, 5, 6}, cpu);
  node.reconcile();
  node.set_offline({3, 7});
  CHECK(node.judge("a").admitted());
  CHECK_FALSE(node.desired().shared.cpus.empty());
  node.reconcile();
  node.set_offline({});
  CHECK(node.judge("a").grant->cpu_set == CpuSet{0, 1, 2, 4, 5, 6});
  CHECK(node.desired().shared.cpus == CpuSet{3, 7});
}

TEST_CASE("a sibling that comes online becomes exclusive with its core, unless somebody has it") {
  NodeFake node(one_socket_smt());
  for (const auto* pod : {"one", "two"}) node.add_pod(pod);
  const bool taken = GENERATE_COPY(false, true);
  if (taken) node.bind("sharer", "two", {3, 4}, none);
  node.reconcile();
  node.set_offline({4});
  node.bind("b", "one", {0}, core);
  node.reconcile();
  REQUIRE(node.judge("b").grant->exclusive_cpus == CpuSet{0});
  node.set_offline({});
  const auto verdict = node.judge("b");
  CHECK(verdict.grant->exclusive_cpus == (taken ? CpuSet{0} : CpuSet{0, 4}));
  CHECK(verdict.not_exclusive == (taken ? CpuSet{4} : CpuSet{}));
  node.remove("sharer");
  CHECK(node.judge("b").grant->exclusive_cpus == CpuSet{0, 4});
}

TEST_CASE("where the last CPU of the shared pool goes offline, exclusive CPUs are no longer one's own") {
  NodeFake node(one_socket_smt());
  node.add_pod("one");
  node.bind("b", "one", CpuSet::range(0, 6), cpu);
  node.reconcile();
  REQUIRE(node.judge("b").own_cpus() == CpuSet::range(0, 6));
  node.set_offline({7});
  const auto verdict = node.judge("b");
  REQUIRE(verdict.admitted());
  CHECK(verdict.grant->exclusive_cpus == CpuSet::range(0, 6));
  CHECK(verdict.not_exclusive == CpuSet::range(0, 6));
  CHECK(verdict.own_cpus().empty());
  node.set_offline({});
  CHECK(node.judge("b").own_cpus() == CpuSet::range(0, 6));
}

TEST_CASE("CPUs that are reserved after they were granted are shared from then on") {
  NodeFake node(one_socket_smt());
  node.add_pod("one");
  node.bind("b", "one", {0, 1}, cpu);
  node.reconcile();
  node.set_reserved({0});
  const auto verdict = node.judge("b");
  REQUIRE(verdict.admitted());
  CHECK(verdict.grant->cpu_set == CpuSet{0, 1});
  CHECK(verdict.grant->exclusive_cpus == CpuSet{1});
  CHECK(verdict.not_exclusive == CpuSet{0});
  CHECK(node.desired().shared.cpus.contains(CpuId{0}));
  node.reconcile();
  node.set_reserved({});
  CHECK(node.judge("b").grant->exclusive_cpus == CpuSet{0, 1});
}

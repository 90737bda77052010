#include <algorithm>
#include <map>
#include <set>

#include <catch2/catch_test_macros.hpp>

#include <actimanager/scheduler/cache.hpp>

#include "fixtures.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;
using Level = api::ExclusivenessLevel;

namespace {

struct Books {
  Cache cache;
  Snapshot snapshot;

  Books() {
    cache.upsert(make_node("n1"));
    cache.upsert(make_topology("n1", make_machine(1, 4, 2)));
  }
  const NodeInfo& node(const char* name = "n1") {
    cache.update(snapshot);
    const auto* info = snapshot.find(name);
    REQUIRE(info != nullptr);
    return *info;
  }
  std::string exclusive(const char* name = "n1") { return node(name).cpus.exclusive().to_string(); }
};

allocator::Placement on_cpus(const char* cpus) {
  return {*CpuSet::parse(cpus), Level::cpu};
}

}  // namespace

TEST_CASE(
    "a Pod that somebody has bound by hand is known, one of its name that came later is not taken for it") {
  Cache cache;
  Snapshot snapshot;
  cache.update(snapshot);
  auto pod = make_pod("p");
  CHECK_FALSE(snapshot.is_bound_by_hand(pod.meta));
  api::PodCPUBinding binding;
  binding.meta.name = "mine";
  binding.meta.namespace_ = pod.meta.namespace_;
  binding.spec.pod_name = "p";
  binding.spec.cpu_set = {0};
  cache.upsert(binding);
  CHECK(snapshot.is_bound_by_hand(pod.meta));
  CHECK_FALSE(snapshot.is_bound_by_hand(make_pod("q").meta));
  binding.meta.owner_references->push_back({"v1", "Pod", "p", "another", false});
  cache.upsert(binding);
  CHECK_FALSE(snapshot.is_bound_by_hand(pod.meta));
  binding.meta.owner_references->front().uid = pod.meta.uid;
  cache.upsert(binding);
  CHECK(snapshot.is_bound_by_hand(pod.meta));
  binding.meta.deletion_timestamp = api::Time{};
  cache.upsert(binding);
  CHECK_FALSE(snapshot.is_bound_by_hand(pod.meta));
  binding.meta.deletion_timestamp.reset();
  binding.meta.owner_references->front().controller = true;
  cache.upsert(binding);
  CHECK_FALSE(snapshot.is_bound_by_hand(pod.meta));  // the scheduler's own
  cache.remove_binding(binding.meta.key());
  CHECK_FALSE(snapshot.is_bound_by_hand(pod.meta));
}

TEST_CASE("Pods on a node add up, and go away again") {
  Books books;
  auto pod = on_node(make_pod("p", "1500m", "1Gi"), "n1");
  pod.spec->containers[0].ports = {{80, "", "TCP"}};
  books.cache.upsert(pod);
  CHECK(books.node().requested.milli_cpu == 1500);
  CHECK(books.node().pods.size() == 1);
  CHECK(books.node().used_ports.size() == 1);
  CHECK(books.node().pool_milli_cpu == 1500);
  books.cache.upsert(pod);

  pod.spec->containers[0].requests = resources({{"cpu", "1"}, {"memory", "1Gi"}});
  books.cache.upsert(pod);
  CHECK(books.node().requested.milli_cpu == 1000);
  CHECK(books.node().pool_milli_cpu == 1000);

  pod.phase = "Succeeded";
  books.cache.upsert(pod);
  CHECK(books.node().requested == Resources{});
  CHECK(books.node().pods.size() == 0);
  CHECK(books.node().used_ports.empty());
  CHECK(books.node().pool_milli_cpu == 0);
  books.cache.remove_pod(pod.meta.uid);
}

TEST_CASE("an assumed Pod counts until it is forgotten or confirmed") {
  Books books;
  const auto pod = make_pod("p", "2");
  books.cache.assume(pod, "n1", on_cpus("0-1"));
  CHECK(books.cache.is_assumed(pod.meta.uid));
  CHECK(books.exclusive() == "0-1");
  CHECK(books.node().requested.milli_cpu == 2000);
  CHECK(books.node().pool_milli_cpu == 0);

  // Older news than our own does not count.
  books.cache.upsert(pod);
  CHECK(books.exclusive() == "0-1");

  const auto forgotten = books.cache.forget(pod.meta.uid);
  REQUIRE(forgotten);
  CHECK(forgotten->meta.uid == pod.meta.uid);
  CHECK(forgotten->node_name == "n1");
  CHECK(books.exclusive().empty());
  CHECK(books.node().pods.size() == 0);
  CHECK_FALSE(books.cache.forget(pod.meta.uid));

  books.cache.assume(pod, "n1", on_cpus("0-1"));
  books.cache.upsert(on_node(pod, "n1"));
  CHECK_FALSE(books.cache.is_assumed(pod.meta.uid));
  CHECK_FALSE(books.cache.forget(pod.meta.uid));
  CHECK(books.exclusive() == "0-1");
  CHECK(books.node().pods.size() == 1);
}

TEST_CASE("the Pod and its binding may be seen in either order") {
  const auto pod = make_pod("p", "2");
  const auto binding = make_binding(pod, "n1", "0-1", Level::cpu);
  for (const bool binding_first : {true, false}) {
    Books books;
    books.cache.assume(pod, "n1", on_cpus("0-1"));
    if (binding_first) books.cache.upsert(binding);
    books.cache.upsert(on_node(pod, "n1"));
    CHECK(books.exclusive() == "0-1");
    if (!binding_first) books.cache.upsert(binding);
    CHECK(books.exclusive() == "0-1");
    CHECK(books.node().pool_milli_cpu == 0);
    // Deleted by hand: the Pod runs in the shared pool from now on.
    books.cache.remove_binding("default/p-pcb");
    CHECK(books.exclusive().empty());
    CHECK(books.node().pool_milli_cpu == 2000);
  }
}

TEST_CASE("a failed bind frees what was assumed, but not what was written") {
  Books books;
  const auto pod = make_pod("p", "2");
  books.cache.assume(pod, "n1", on_cpus("0-1"));
  books.cache.upsert(make_binding(pod, "n1", "0-1", Level::cpu));
  books.cache.forget(pod.meta.uid);
  CHECK(books.exclusive() == "0-1");
  CHECK(books.node().pods.size() == 0);
  books.cache.remove_binding("default/p-pcb");
  CHECK(books.exclusive().empty());
}

TEST_CASE("a leftover binding of the same name does not pass for the new one") {
  Books books;
  auto old = make_pod("p", "2");
  old.meta.uid = "uid-old";
  books.cache.upsert(make_binding(old, "n1", "4", Level::cpu));
  const auto pod = make_pod("p", "2");
  books.cache.assume(pod, "n1", on_cpus("0-1"));
  CHECK(books.exclusive() == "0-1,4");
  books.cache.remove_binding("default/p-pcb");
  CHECK(books.exclusive() == "0-1");
}

TEST_CASE("a binding is counted on the node its label, its status or its Pod names") {
  const auto pod = make_pod("p", "2");
  SECTION("label") {
    Books books;
    books.cache.upsert(make_binding(pod, "n1", "0", Level::core));
    CHECK(books.exclusive() == "0,4");
  }
  SECTION("status") {
    Books books;
    auto binding = make_binding(pod, "", "0", Level::core);
    books.cache.upsert(binding);
    CHECK(books.exclusive().empty());
    binding.status.node_name = "n1";
    books.cache.upsert(binding);
    CHECK(books.exclusive() == "0,4");
  }
  SECTION("its Pod's node, seen before or after") {
    for (const bool pod_first : {true, false}) {
      Books books;
      if (pod_first) books.cache.upsert(on_node(pod, "n1"));
      auto binding = make_binding(pod, "", "0", Level::core);
      binding.meta.owner_references->clear();
      books.cache.upsert(binding);
      if (!pod_first) books.cache.upsert(on_node(pod, "n1"));
      CHECK(books.exclusive() == "0,4");
      CHECK(books.node().pool_milli_cpu == 0);
    }
  }
  SECTION("by hand: its Pod's alone, whatever its label says") {
    Books books;
    auto binding = make_binding(pod, "n1", "0", Level::core);
    binding.meta.owner_references->clear();
    books.cache.upsert(binding);
    CHECK(books.exclusive().empty());
    books.cache.upsert(on_node(pod, "n1"));
    CHECK(books.exclusive() == "0,4");
    books.cache.remove_pod(pod.meta.uid);
    CHECK(books.exclusive().empty());
  }
  SECTION("not that of another Pod of its name") {
    Books books;
    books.cache.upsert(on_node(pod, "n1"));
    auto binding = make_binding(pod, "", "0", Level::core);
    binding.meta.owner_references[0].uid = "somebody-else";
    books.cache.upsert(binding);
    CHECK(books.exclusive().empty());
    CHECK(books.node().pool_milli_cpu == 2000);
  }
}

TEST_CASE("a binding that was refused takes nothing, and its Pod runs in the pool") {
  Books books;
  const auto pod = on_node(make_pod("p", "2"), "n1");
  books.cache.upsert(pod);
  auto binding = make_binding(pod, "n1", "0", Level::core);
  books.cache.upsert(binding);
  CHECK(books.exclusive() == "0,4");
  CHECK(books.node().pool_milli_cpu == 0);
  binding.status.observed_generation = 1;
  binding.status.resource_status = api::BindingStatus::cpu_set_allocation_failed;
  books.cache.upsert(binding);
  CHECK(books.exclusive().empty());
  CHECK(books.node().pool_milli_cpu == 2000);
  // An edit of it is judged anew.
  binding.meta.generation = 2;
  books.cache.upsert(binding);
  CHECK(books.exclusive() == "0,4");
  CHECK(books.node().pool_milli_cpu == 0);
}

TEST_CASE("a binding holds what it asks for and what it was granted") {
  Books books;
  const auto pod = on_node(make_pod("p", "2"), "n1");
  books.cache.upsert(pod);
  auto binding = make_binding(pod, "n1", "0", Level::core);
  binding.status.admitted = {1, {0}, {0, 4}};
  books.cache.upsert(binding);
  CHECK(books.exclusive() == "0,4");
  // Edited, and not judged yet.
  binding.meta.generation = 2;
  binding.spec.cpu_set = {1};
  books.cache.upsert(binding);
  CHECK(books.exclusive() == "0-1,4-5");
  binding.status.admitted = {2, {1}, {1, 5}};
  books.cache.upsert(binding);
  CHECK(books.exclusive() == "1,5");
  books.cache.upsert(binding);
}

TEST_CASE("a binding that is about to be edited holds what it has and what it will have") {
  Books books;
  const auto pod = on_node(make_pod("p", "1"), "n1");
  books.cache.upsert(pod);
  auto binding = make_binding(pod, "n1", "0", Level::cpu);
  const auto key = binding.meta.key();
  books.cache.upsert(binding);
  books.cache.assume_edit(key, on_cpus("0,4"));
  CHECK(books.exclusive() == "0,4");
  CHECK(books.node().cpus.free().to_string() == "1-3,5-7");
  CHECK(books.cache.node_without(key)->cpus.exclusive().empty());
  // All of it would be free without the Pod.
  CHECK(books.snapshot.cpus_of(pod.meta.uid).holdings.size() == 2);

  SECTION("until it is there") {
    binding.spec.cpu_set = {0, 4};
    books.cache.upsert(binding);
    CHECK(books.exclusive() == "0,4");
    CHECK_FALSE(books.cache.forget_edit(key));
  }
  SECTION("until somebody else's edit is") {
    books.cache.upsert(binding);
    CHECK(books.exclusive() == "0");
  }
  SECTION("until it has failed") {
    CHECK(books.cache.forget_edit(key));
    CHECK(books.exclusive() == "0");
  }
  SECTION("or another is tried") {
    books.cache.assume_edit(key, on_cpus("0-1"));
    CHECK(books.exclusive() == "0-1");
  }
  SECTION("or its Pod has ended") {
    books.cache.remove_pod(pod.meta.uid);
    CHECK(books.exclusive().empty());
    CHECK_FALSE(books.cache.node_without(key));
  }
  SECTION("or it is gone") {
    books.cache.remove_binding(key);
    CHECK(books.exclusive().empty());
    books.cache.assume_edit(key, on_cpus("0-1"));
    CHECK(books.exclusive().empty());
  }
}

TEST_CASE("what is on its way stays counted when the node's topology changes") {
  Books books;
  const auto pod = on_node(make_pod("p", "1"), "n1");
  books.cache.upsert(pod);
  const auto binding = make_binding(pod, "n1", "0", Level::cpu);
  books.cache.upsert(binding);
  books.cache.assume_edit(binding.meta.key(), on_cpus("0,2"));
  books.cache.upsert(make_topology("n1", make_machine(1, 4, 1)));  // smaller
  CHECK(books.cache.forget_edit(binding.meta.key()));
  CHECK(books.exclusive() == "0");
}

TEST_CASE("a Pod that is begun anew does not hold the CPUs of its binding twice") {
  Books books;
  const auto pod = make_pod("p", "2");
  const auto binding = make_binding(pod, "n1", "0-1", Level::cpu);
  books.cache.upsert(binding);
  books.cache.assume(pod, "n1", on_cpus("0-1"));
  CHECK(books.exclusive() == "0-1");
  books.cache.upsert(on_node(pod, "n1"));
  CHECK(books.cache.cpus_of(pod.meta.uid).holdings.size() == 1);
  CHECK(books.cache.node_without(binding.meta.key())->cpus.exclusive().empty());
  books.cache.remove_binding(binding.meta.key());
  CHECK(books.exclusive().empty());
}

TEST_CASE("a binding whose Pod has ended holds nothing") {
  for (const bool deleted : {true, false}) {
    Books books;
    auto pod = on_node(make_pod("p", "2"), "n1");
    books.cache.upsert(pod);
    const auto binding = make_binding(pod, "n1", "0-1", Level::cpu);
    books.cache.upsert(binding);
    if (deleted) {
      books.cache.remove_pod(pod.meta.uid);
    } else {
      pod.phase = "Failed";
      books.cache.upsert(pod);
    }
    CHECK(books.exclusive().empty());
    auto status_written = binding;
    status_written.status.node_name = "n1";
    books.cache.upsert(status_written);
    CHECK(books.exclusive().empty());
    books.cache.remove_binding("default/p-pcb");
    CHECK(books.exclusive().empty());
  }
}

TEST_CASE("a Pod that is still terminating keeps its CPUs") {
  Books books;
  auto pod = on_node(make_pod("p", "2"), "n1");
  books.cache.upsert(pod);
  books.cache.upsert(make_binding(pod, "n1", "0-1", Level::cpu));
  pod.meta.deletion_timestamp = api::Time{};
  books.cache.upsert(pod);
  CHECK(books.exclusive() == "0-1");
}

TEST_CASE("a topology that changes is filled with the same holdings") {
  Books books;
  const auto pod = make_pod("p", "2");
  books.cache.upsert(make_binding(pod, "n1", "0,9", Level::core));
  books.cache.assume(make_pod("q", "1"), "n1", on_cpus("3"));
  CHECK(books.exclusive() == "0,3-4");
  books.cache.upsert(make_topology("n1", make_machine(2, 8, 1), {1}));
  CHECK(books.exclusive() == "0,3,9");
  CHECK(books.node().cpus.reserved() == CpuSet{1});
  books.cache.upsert(make_topology("n1", make_machine(2, 8, 1), {1}));
  books.cache.remove_topology("n1");
  CHECK_FALSE(books.node().cpus.has_topology());
  books.cache.remove_binding("default/p-pcb");
  books.cache.upsert(make_topology("n1", make_machine(1, 4, 2)));
  CHECK(books.exclusive() == "3");
}

TEST_CASE("everything may be there before the node is") {
  Cache cache;
  Snapshot snapshot;
  const auto pod = make_pod("p", "2");
  cache.upsert(on_node(pod, "n1"));
  cache.upsert(make_binding(pod, "n1", "0-1", Level::cpu));
  cache.upsert(make_topology("n1", make_machine(1, 4, 2)));
  cache.update(snapshot);
  CHECK(snapshot.node_count() == 0);
  CHECK(snapshot.find("n1") == nullptr);
  cache.upsert(make_node("n1"));
  cache.update(snapshot);
  REQUIRE(snapshot.node_count() == 1);
  CHECK(snapshot.find("n1")->pods.size() == 1);
  CHECK(snapshot.find("n1")->cpus.exclusive() == CpuSet{0, 1});

  // And stay when it goes and comes back.
  cache.remove_node("n1");
  cache.update(snapshot);
  CHECK(snapshot.node_count() == 0);
  cache.upsert(make_node("n1"));
  cache.update(snapshot);
  CHECK(snapshot.find("n1")->cpus.exclusive() == CpuSet{0, 1});
  CHECK(snapshot.find("n1")->pods.size() == 1);
}

TEST_CASE("node edits are seen by the next decision; heartbeats cost nothing") {
  Cache cache;
  Snapshot snapshot;
  auto node = make_node("n1");
  cache.upsert(node);
  cache.update(snapshot);
  const auto edit = [&](auto change) {
    auto edited = std::make_shared<api::Node>(*node);
    change(*edited);
    node = edited;
    cache.upsert(edited);
    const auto generation = snapshot.nodes_generation();
    cache.update(snapshot);
    return snapshot.nodes_generation() != generation;
  };
  CHECK_FALSE(edit([](api::Node& n) { n.meta.resource_version = "7"; }));
  CHECK(edit([](api::Node& n) { n.meta.labels->emplace("a", "b"); }));
  CHECK(edit([](api::Node& n) { n.taints.push_back({"a", "b", "NoSchedule"}); }));
  CHECK(edit([](api::Node& n) { n.unschedulable = true; }));
  CHECK(edit([](api::Node& n) { n.allocatable = resources({{"cpu", "64"}, {"pods", "9"}}); }));
  CHECK(snapshot.find("n1")->allocatable.milli_cpu == 64000);
  CHECK(edit([](api::Node& n) { n.images = {{{"app:1", "app@sha256:1"}, 100}}; }));
  CHECK(snapshot.nodes_with_image("app:1") == 1);
  CHECK(edit([](api::Node& n) { n.images = {{{"app:2"}, 100}}; }));
  CHECK(snapshot.nodes_with_image("app:1") == 0);
  cache.remove_node("n1");
  cache.update(snapshot);
  CHECK(snapshot.nodes_with_image("app:2") == 0);
}

TEST_CASE("a snapshot stays what it was while the cache goes on") {
  Books books;
  books.node();
  const auto old = books.snapshot.slots().front();
  books.cache.assume(make_pod("p", "2"), "n1", on_cpus("0-1"));
  CHECK(old->cpus.exclusive().empty());
  CHECK(old->pods.size() == 0);
  CHECK(books.exclusive() == "0-1");
}

TEST_CASE("an update copies the nodes that changed and no other") {
  Cache cache;
  Snapshot snapshot;
  for (int i = 0; i < 10; ++i) cache.upsert(make_node("n" + std::to_string(i)));
  cache.update(snapshot);
  const auto before = snapshot.slots();
  cache.upsert(on_node(make_pod("p", "1"), "n4"));
  cache.update(snapshot);
  int changed = 0;
  for (std::size_t i = 0; i < before.size(); ++i) changed += before[i] != snapshot.slots()[i] ? 1 : 0;
  CHECK(changed == 1);
  CHECK(snapshot.find("n4")->pods.size() == 1);
}

TEST_CASE("a Pod that somebody bound elsewhere takes its assumption with it") {
  Books books;
  books.cache.upsert(make_node("n2"));
  const auto pod = make_pod("p", "2");
  books.cache.assume(pod, "n1", on_cpus("0-1"));
  books.cache.upsert(on_node(pod, "n2"));
  CHECK(books.exclusive().empty());
  CHECK(books.node("n1").pods.size() == 0);
  CHECK(books.node("n2").pods.size() == 1);
}

TEST_CASE("a node and what its Pods hold can be looked up without a snapshot") {
  Books books;
  CHECK(books.cache.node("n2") == nullptr);
  books.cache.upsert(make_topology("n2", make_machine(1, 4, 2)));
  CHECK(books.cache.node("n2") == nullptr);  // there is no such Node yet
  const auto pod = make_pod("p", "2");
  books.cache.assume(pod, "n1", on_cpus("0-1"));
  REQUIRE(books.cache.node("n1") != nullptr);
  CHECK(books.cache.node("n1")->cpus.exclusive() == CpuSet{0, 1});
  CHECK(books.cache.cpus_of(pod.meta.uid).holdings.size() == 1);
  CHECK(books.cache.cpus_of("nobody").holdings.empty());
}

TEST_CASE("what changed since a snapshot is remembered, and everything may have where it is not") {
  Cache cache;
  Snapshot snapshot;
  for (const auto* name : {"n1", "n2", "n3"}) cache.upsert(std::shared_ptr<const api::Node>(make_node(name)));
  cache.update(snapshot);
  const auto since = [&](std::uint64_t generation) {
    std::set<std::size_t> slots;
    snapshot.each_change_since(generation, [&](std::size_t slot) { slots.insert(slot); });
    return slots;
  };
  const auto before = snapshot.generation();
  CHECK(since(0) == std::set<std::size_t>{0, 1, 2});
  CHECK(since(before).empty());
  cache.upsert(on_node(make_pod("p"), "n2"));
  cache.upsert(on_node(make_pod("q"), "elsewhere"));  // no Node yet
  CHECK(since(before).empty());                       // the snapshot is what it was
  cache.update(snapshot);
  CHECK(since(before) == std::set{*snapshot.slot_of("n2")});
  const auto then = snapshot.generation();
  cache.upsert(on_node(make_pod("r"), "n3"));
  cache.update(snapshot);
  CHECK(since(then) == std::set{*snapshot.slot_of("n3")});
  CHECK(since(before) == std::set{*snapshot.slot_of("n2"), *snapshot.slot_of("n3")});
  for (int i = 0; i < 3000; ++i) {
    cache.upsert(on_node(make_pod("s"), "n1"));
    cache.remove_pod("uid-s");
  }
  cache.update(snapshot);
  CHECK(since(then) == std::set<std::size_t>{0, 1, 2});
}

TEST_CASE("a node's Pods are counted by kind, as they come, change and go") {
  Cache cache;
  Snapshot snapshot;
  cache.upsert(std::shared_ptr<const api::Node>(make_node("n")));
  auto first = on_node(make_pod("first"), "n"), second = on_node(make_pod("second"), "n");
  first.meta.labels["app"] = second.meta.labels["app"] = "web";
  cache.upsert(first);
  cache.upsert(second);
  const auto counts = [&] {
    cache.update(snapshot);
    std::map<std::string, int> result;
    for (const auto& [kind, id, count] : snapshot.find("n")->kinds) {
      CHECK(id == kind->id);
      result[kind->labels->at("app") + (kind->leaving ? ", leaving" : "")] = count;
    }
    return result;
  };
  using Counts = std::map<std::string, int>;
  CHECK(counts() == Counts{{"web", 2}});
  CHECK(snapshot.pods_with_affinity() == 0);
  first.meta.labels["app"] = "db";
  first.spec->pod_affinity.preferred.push_back({1, {.topology_key = "zone"}});
  cache.upsert(first);
  CHECK(counts() == Counts{{"web", 1}, {"db", 1}});
  CHECK(snapshot.pods_with_affinity() == 1);
  second.meta.deletion_timestamp = api::Time{};
  cache.upsert(second);
  CHECK(counts() == Counts{{"web, leaving", 1}, {"db", 1}});
  CHECK(std::ranges::distance(snapshot.kinds()) >= 2);
  cache.remove_pod("uid-first");
  cache.remove_pod("uid-second");
  CHECK(counts().empty());
  CHECK(snapshot.pods_with_affinity() == 0);
}

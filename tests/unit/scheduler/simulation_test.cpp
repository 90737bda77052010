#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include <actimanager/scheduler/simulation.hpp>

#include "fixtures.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

namespace {

PodPointer shared(api::Pod pod) {
  return std::make_shared<const api::Pod>(std::move(pod));
}

}  // namespace

TEST_CASE("a simulation places Pods one after the other, each seeing those before it") {
  Cache cache;
  cache.upsert(make_node("a", "8"));
  cache.upsert(make_topology("a", make_machine(2, 2, 2)));
  Scheduler scheduler(default_config());
  auto gated = make_class_pod("gated", "cpu-bound", "1");
  gated.spec->scheduling_gates = {"wait"};
  const auto result =
      simulate(scheduler, cache,
               {shared(make_class_pod("p", "io-bound", "2")), shared(make_class_pod("q", "io-bound", "4")),
                shared(gated), shared(make_class_pod("r", "io-bound", "6"))});
  REQUIRE(result.pods.size() == 4);
  CHECK(result.pods[0].decision.node == "a");
  CHECK(result.pods[1].decision.node == "a");
  CHECK_FALSE(result.pods[0].decision.placement->cpus.intersects(result.pods[1].decision.placement->cpus));
  CHECK_FALSE(result.pods[2].decision.placed());
  CHECK_FALSE(result.pods[2].decision.message.empty());
  CHECK_FALSE(result.pods[3].decision.placed());
  CHECK(result.pods[3].decision.message.starts_with("0/1 nodes are available: "));

  CHECK(result.before.cpus == 8);
  CHECK(result.before.exclusive == 0);
  CHECK(result.before.idle_cores == 4);
  CHECK(result.before.idle_sockets == 2);
  CHECK(result.before.fragmentation() == 0);
  CHECK(result.after.exclusive == 6);
  CHECK(result.after.utilisation() == Catch::Approx(0.75));
  CHECK(result.after.idle_cores == 1);
  CHECK(result.after.idle_sockets == 0);
}

TEST_CASE("in a simulation, too, a volume goes to one claim") {
  Cache cache;
  for (const auto* name : {"a", "b"}) {
    cache.upsert(make_node(name, "8"));
    cache.upsert(make_topology(name, make_machine(1, 4, 2)));
  }
  auto& storage = cache.objects().storage();
  auto local = std::make_shared<api::StorageClass>();
  local->meta.name = "local";
  local->provisioner = "kubernetes.io/no-provisioner";
  local->waits_for_consumer = true;
  storage.classes.set(local);
  auto volume = std::make_shared<api::PersistentVolume>();
  volume->meta.name = "disk";
  volume->storage_class = "local";
  volume->phase = "Available";
  storage.volumes.set(volume);
  std::vector<PodPointer> pods;
  for (const auto* name : {"p", "q"}) {
    auto claim = std::make_shared<api::PersistentVolumeClaim>();
    claim->meta = {.name = name, .namespace_ = "default", .uid = name};
    claim->storage_class = "local";
    storage.claims.set(claim);
    auto pod = make_pod(name, "1");
    *pod.volumes = {{.name = "data", .claim_name = name}};
    pods.push_back(shared(std::move(pod)));
  }
  Scheduler scheduler(default_config());
  const auto result = simulate(scheduler, cache, pods);
  CHECK(result.pods[0].decision.placed());
  CHECK(why(result.pods[1].decision) ==
        "0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind.");
}

TEST_CASE("who is bound by hand asks for no other CPUs: nobody has to leave for it, and it waits for none") {
  Cache cache;
  cache.upsert(make_node("a", "8"));
  cache.upsert(make_topology("a", make_machine(1, 4, 2)));
  auto there = make_class_pod("there", "cpu-bound", "1");
  there.priority = -5;
  cache.assume(there, "a", allocator::Placement{{0, 1, 3, 4, 5, 6, 7}, api::ExclusivenessLevel::cpu});
  api::PodCPUBinding binding;
  binding.meta.name = "mine";
  binding.meta.namespace_ = "default";
  binding.spec = {.pod_name = "p", .cpu_set = {2}, .exclusiveness_level = api::ExclusivenessLevel::none};
  const allocator::Placement by_hand{{2}, api::ExclusivenessLevel::none};
  const auto pod = shared(make_class_pod("p", "cpu-bound", "2"));
  Scheduler scheduler(default_config());
  const auto without = simulate(scheduler, cache, {pod});
  CHECK_FALSE(without.pods[0].evicted.empty());
  cache.forget(pod->meta.uid);
  cache.assume(there, "a", allocator::Placement{{0, 1, 3, 4, 5, 6, 7}, api::ExclusivenessLevel::cpu});
  cache.upsert(binding);
  const auto result = simulate(scheduler, cache, {pod}, [&](const api::Pod&) { return by_hand; });
  CHECK(result.pods[0].decision.node == "a");
  CHECK(result.pods[0].evicted.empty());
  CHECK(result.pods[0].decision.placement == by_hand);
  CHECK(result.after.exclusive == 7);
}

TEST_CASE("idle cores are counted by their CPUs, however many one has") {
  Cache cache;
  for (const auto& [name, threads] : {std::pair{"wide", 2}, std::pair{"narrow", 1}}) {
    cache.upsert(make_node(name, "8"));
    cache.upsert(make_topology(name, make_machine(1, 4, threads)));
  }
  Snapshot snapshot;
  cache.update(snapshot);
  CHECK(usage_of(snapshot).in_idle_cores == 12);
  cache.assume(make_class_pod("p", "cpu-bound", "4"), "narrow",
               allocator::Placement{{0, 1, 2, 3}, api::ExclusivenessLevel::cpu});
  cache.update(snapshot);
  CHECK(usage_of(snapshot).fragmentation() == 0);
}

TEST_CASE("free CPUs outside idle cores are fragments") {
  Usage usage{.cpus = 8, .exclusive = 3, .free = 5, .cores = 4, .idle_cores = 1, .in_idle_cores = 2};
  CHECK(usage.fragmentation() == Catch::Approx(0.6));
  CHECK(Usage{}.fragmentation() == 0);
  CHECK(Usage{}.utilisation() == 0);
}

TEST_CASE("in a simulation less important Pods leave at once, with their CPUs") {
  Cache cache;
  cache.upsert(make_node("a", "8"));
  cache.upsert(make_topology("a", make_machine(1, 4, 2)));
  const auto low = on_node(make_class_pod("low", "cpu-bound", "3"), "a");
  cache.upsert(low);
  cache.upsert(make_binding(low, "a", "0-2", api::ExclusivenessLevel::cpu));
  auto high = make_class_pod("high", "cpu-bound", "3");
  high.priority = 1;
  Scheduler scheduler(default_config());
  const auto result = simulate(scheduler, cache, {shared(high)});
  REQUIRE(result.pods[0].evicted.size() == 1);
  CHECK(result.pods[0].evicted[0]->meta.name == "low");
  CHECK(result.pods[0].decision.node == "a");
  CHECK(result.after.exclusive == 3);
}

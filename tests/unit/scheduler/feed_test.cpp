#include <catch2/catch_test_macros.hpp>

#include <actimanager/scheduler/feed.hpp>
#include <actimanager/scheduler/hints.hpp>

#include "fixtures.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;
using namespace std::chrono_literals;

namespace {

struct Bench {
  Scheduler scheduler{default_config()};
  Cache cache;
  Snapshot snapshot;
  Hints hints{scheduler, cache};
  std::vector<std::string> told;  // the queue, of what
  SchedulingQueue queue{{},
                        [this](const api::Pod& pod) { return scheduler.pre_enqueue(pod); },
                        [this](const ClusterEvent& event) {
                          told.push_back(to_string(event));
                          if (event.up_to_priority)
                            told.back() += "<=" + std::to_string(*event.up_to_priority);
                          return hints.about(event);
                        }};
  Feed feed{scheduler, cache, snapshot, queue};
  TimePoint now{1000h};

  using Told = std::vector<std::string>;
  template <class T>
  Told change(const std::shared_ptr<T>& before, const std::shared_ptr<T>& after) {
    told.clear();
    feed.changed(Change<T>{before, after}, now);
    return told;
  }
  bool queued(const api::Pod& pod) const { return queue.find(pod.meta.uid) != nullptr; }
  const NodeInfo& node() {
    cache.update(snapshot);
    REQUIRE(snapshot.find("n") != nullptr);
    return *snapshot.find("n");
  }
};
using Told = Bench::Told;
const std::shared_ptr<api::Pod> nothing;

std::shared_ptr<api::Pod> shared(api::Pod pod) {
  return std::make_shared<api::Pod>(std::move(pod));
}
std::shared_ptr<api::Pod> edited(const std::shared_ptr<api::Pod>& pod, auto edit) {
  auto copy = std::make_shared<api::Pod>(*pod);
  edit(*copy);
  return copy;
}

}  // namespace

TEST_CASE("what is told has been counted before") {
  Bench bench;
  const auto node = make_node("n");
  CHECK(bench.change(std::shared_ptr<api::Node>(), node) == Told{"NodeAdd"});
  CHECK(bench.node().allocatable.milli_cpu == 32000);
  const auto topology = std::make_shared<api::NodeCPUTopology>(make_topology("n", make_machine(1, 4, 2)));
  CHECK(bench.change({}, topology) == Told{"NodeCPUTopologyAdd"});
  CHECK(bench.node().cpus.has_topology());
  const auto binding = std::make_shared<api::PodCPUBinding>(
      make_binding(make_pod("q"), "n", "0-1", api::ExclusivenessLevel::cpu));
  CHECK(bench.change({}, binding) == Told{"PodCPUBindingAdd"});
  CHECK(bench.node().cpus.exclusive() == CpuSet{0, 1});
  CHECK(bench.change(binding, {}) == Told{"PodCPUBindingDelete"});
  CHECK(bench.node().cpus.exclusive().empty());
  CHECK(bench.change(topology, {}) == Told{"NodeCPUTopologyDelete"});
  CHECK_FALSE(bench.node().cpus.has_topology());
  CHECK(bench.change(node, {}) == Told{"NodeDelete"});
  CHECK(bench.cache.node("n") == nullptr);

  const auto claim = std::make_shared<api::PersistentVolumeClaim>();
  claim->meta.name = "data";
  claim->meta.namespace_ = "default";
  CHECK(bench.change({}, claim) == Told{"PersistentVolumeClaimAdd"});
  CHECK(bench.cache.objects().storage().claims.find("default/data") != nullptr);
  CHECK(bench.change(claim, {}) == Told{"PersistentVolumeClaimDelete"});
  CHECK(bench.cache.objects().storage().claims.find("default/data") == nullptr);
  const auto space = std::make_shared<api::Namespace>();
  space->meta.name = "default";
  space->meta.labels["a"] = "b";
  CHECK(bench.change({}, space) == Told{"NamespaceAdd"});
  CHECK(bench.cache.objects().namespace_labels("default").size() == 1);
  bench.change(space, {});
  CHECK(bench.cache.objects().namespace_labels("default").empty());
}

TEST_CASE("a binding whose Pod has ended frees nothing when it goes") {
  Bench bench;
  bench.change({}, make_node("n"));
  bench.change({}, std::make_shared<api::NodeCPUTopology>(make_topology("n", make_machine(1, 4, 2))));
  const auto pod = shared(on_node(make_pod("q"), "n"));
  bench.change(nothing, pod);
  const auto binding =
      std::make_shared<api::PodCPUBinding>(make_binding(*pod, "n", "0-1", api::ExclusivenessLevel::cpu));
  bench.change({}, binding);
  CHECK(bench.change(pod, nothing) == Told{"AssignedPodDelete"});
  CHECK(bench.node().cpus.exclusive().empty());
  CHECK(bench.change(binding, {}).empty());
}

TEST_CASE("a Pod's way through the queue, to a node and out of it") {
  Bench bench;
  bench.change({}, make_node("n"));
  const auto waiting = shared(make_pod("p", "2"));
  CHECK(bench.change(nothing, waiting).empty());
  CHECK(bench.queued(*waiting));
  const auto bound = edited(waiting, [](auto& pod) { pod.node_name = "n"; });
  CHECK(bench.change(waiting, bound) == Told{"AssignedPodAdd"});
  CHECK_FALSE(bench.queued(*waiting));
  CHECK(bench.node().pods.size() == 1);
  const auto relabelled = edited(bound, [](auto& pod) { pod.meta.labels["a"] = "b"; });
  CHECK(bench.change(bound, relabelled) == Told{"AssignedPodUpdatePodLabel"});
  const auto finished = edited(relabelled, [](auto& pod) { pod.phase = "Succeeded"; });
  CHECK(bench.change(relabelled, finished) == Told{"AssignedPodDelete"});
  CHECK(bench.node().pods.size() == 0);
  CHECK(bench.change(finished, nothing).empty());
  CHECK(bench.change(nothing, finished).empty());  // as a first list has it
}

TEST_CASE("a Pod of the same name is another one") {
  Bench bench;
  bench.change({}, make_node("n"));
  const auto first = shared(on_node(make_pod("p"), "n"));
  bench.change(nothing, first);
  const auto second = edited(first, [](auto& pod) {
    pod.meta.uid = "another";
    pod.node_name.clear();
  });
  CHECK(bench.change(first, second) == Told{"AssignedPodDelete"});
  CHECK(bench.queued(*second));
  CHECK(bench.node().pods.size() == 0);
}

TEST_CASE("Pods that are not ours to schedule are not queued, and nobody hopes for anything from them") {
  Bench bench;
  auto pod = make_pod("p");
  pod.spec->scheduler_name = "somebody-else";
  pod.nominated_node_name = "n";
  const auto other = shared(pod);
  CHECK(bench.change(nothing, other).empty());
  CHECK_FALSE(bench.queued(pod));
  CHECK(bench.change(other, edited(other, [](auto& p) { p.nominated_node_name.clear(); })).empty());
  CHECK(bench.change(other, nothing).empty());
}

TEST_CASE("a Pod on its way to a node that does not come is as one that left it") {
  Bench bench;
  bench.change({}, make_node("n"));
  const auto pod = shared(make_pod("p", "2"));
  bench.change(nothing, pod);
  const auto assume = [&] {
    bench.cache.assume(pod, "n", std::nullopt);
    bench.told.clear();
  };
  assume();
  bench.feed.forget(pod->meta.uid, bench.now);
  CHECK(bench.told == Told{"AssignedPodDelete"});
  CHECK(bench.node().pods.size() == 0);
  bench.feed.forget(pod->meta.uid, bench.now);
  CHECK(bench.told.size() == 1);

  const auto leaving = edited(pod, [](auto& p) { p.meta.deletion_timestamp = api::Time{}; });
  assume();
  CHECK(bench.change(pod, leaving) == Told{"AssignedPodDelete"});
  CHECK(bench.queued(*pod));  // for who decides to pass it over
  assume();
  CHECK(bench.change(pod, nothing) == Told{"AssignedPodDelete"});
  CHECK(bench.node().pods.size() == 0);
}

TEST_CASE("an edit of a binding that is not made gives its CPUs back") {
  Bench bench;
  bench.change({}, make_node("n"));
  bench.change({}, std::make_shared<api::NodeCPUTopology>(make_topology("n", make_machine(1, 4, 2))));
  const auto binding = std::make_shared<api::PodCPUBinding>(
      make_binding(make_pod("q"), "n", "0", api::ExclusivenessLevel::cpu));
  bench.change({}, binding);
  bench.cache.assume_edit(binding->meta.key(), {*CpuSet::parse("0,4"), api::ExclusivenessLevel::cpu});
  bench.told.clear();
  bench.feed.forget_edit(binding, bench.now);
  CHECK(bench.told == Told{"PodCPUBindingUpdate"});
  CHECK(bench.node().cpus.exclusive() == CpuSet{0});
  bench.feed.forget_edit(binding, bench.now);
  CHECK(bench.told.size() == 1);
}

TEST_CASE("a nomination counts as a Pod on the node, for those that are not more important") {
  Bench bench;
  bench.change({}, make_node("n"));
  auto pod = make_pod("p", "2");
  pod.priority = 7;
  const auto waiting = shared(pod);
  bench.change(nothing, waiting);
  const auto nominated = edited(waiting, [](auto& p) { p.nominated_node_name = "n"; });
  CHECK(bench.change(waiting, nominated).empty());
  CHECK(bench.cache.nominated_node(pod.meta.uid) == "n");
  CHECK(bench.node().nominated.size() == 1);
  CHECK(bench.change(nominated, edited(nominated, [](auto& p) { p.phase = "Pending"; })).empty());
  CHECK(bench.change(nominated, waiting) == Told{"AssignedPodDelete<=7"});
  CHECK(bench.cache.nominated_node(pod.meta.uid).empty());

  bench.change(waiting, nominated);
  CHECK(bench.change(nominated, nothing) == Told{"AssignedPodDelete<=7"});
  CHECK(bench.cache.nominated_node(pod.meta.uid).empty());
}

TEST_CASE("what a nominated Pod will find is found out again when all is known") {
  Bench bench;
  bench.change({}, make_node("n"));
  auto pod = make_class_pod("p", "cpu-bound", "2");
  pod.nominated_node_name = "n";
  const auto nominated = shared(pod);
  bench.change(nothing, nominated);
  bench.change({}, std::make_shared<api::NodeCPUTopology>(make_topology("n", make_machine(1, 4, 2))));
  bench.change({}, std::make_shared<api::PodCPUBinding>(
                       make_binding(make_pod("q"), "n", "0", api::ExclusivenessLevel::cpu)));
  REQUIRE(bench.node().nominated.size() == 1);
  CHECK_FALSE(bench.node().nominated[0].placement);
  bench.feed.renew_nomination(nominated);
  REQUIRE(bench.node().nominated.size() == 1);
  REQUIRE(bench.node().nominated[0].placement);
  CHECK_FALSE(bench.node().nominated[0].placement->cpus.contains(CpuId{0}));
  bench.feed.renew_nomination(shared(make_pod("other")));
  CHECK(bench.node().nominated.size() == 1);
}

TEST_CASE("behind a gate nobody waits for a node") {
  Bench bench;
  bench.change({}, make_node("n"));
  auto pod = make_pod("p");
  pod.spec->scheduling_gates = {"g"};
  pod.nominated_node_name = "n";
  const auto gated = shared(pod);
  bench.change(nothing, gated);
  CHECK(bench.cache.nominated_node(pod.meta.uid).empty());
  bench.change(gated, edited(gated, [](auto& p) { p.spec->scheduling_gates.clear(); }));
  CHECK(bench.cache.nominated_node(pod.meta.uid) == "n");
}

TEST_CASE("older news of a Pod that is bound already puts it into the queue no more") {
  Bench bench;
  bench.cache.upsert(make_node("n"));
  const auto pod = shared(make_pod("p"));
  bench.change(nothing, pod);
  REQUIRE(bench.queued(*pod));
  REQUIRE(bench.queue.pop(bench.now));
  bench.cache.assume(pod, "n", std::nullopt);
  bench.queue.done(pod->meta.uid);
  bench.change(pod, edited(pod, [](auto& p) { p.meta.labels["a"] = "b"; }));
  CHECK_FALSE(bench.queued(*pod));
}

#include <catch2/catch_test_macros.hpp>

#include <actimanager/scheduler/hints.hpp>

#include "fixtures.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;
using Level = api::ExclusivenessLevel;

namespace {

struct Bench {
  Scheduler scheduler{default_config()};
  Cache cache;
  Hints hints{scheduler, cache};

  const Plugin* plugin(std::string_view name) const {
    return scheduler.config().profile("maestro")->plugin(name);
  }
  // Which of the plugins that have refused the Pod hopes; "-": none.
  std::string hope(const ClusterEvent& event, const api::Pod& pod,
                   const std::vector<std::string>& names) const {
    std::vector<const Plugin*> plugins;
    for (const auto& name : names) plugins.push_back(plugin(name));
    const auto hopeful = hints.about(event);
    if (!hopeful) return "nobody asks";
    return std::string(hopeful(pod, plugins).value_or("-"));
  }
  void hold(const std::string& name, const char* cpus, int priority = 0) {
    auto pod = on_node(make_pod(name, "1"), "n");
    pod.priority = priority;
    cache.upsert(pod);
    cache.upsert(make_binding(pod, "n", cpus, Level::cpu));
  }
  void add_node(const char* cpu = "8") {
    cache.upsert(make_node("n", cpu));
    cache.upsert(make_topology("n", make_machine(1, 4, 2)));
  }
};

ClusterEvent node_event(std::shared_ptr<const api::Node> before, std::shared_ptr<const api::Node> after) {
  return events_of(Change<api::Node>{std::move(before), std::move(after)}).at(0);
}

ClusterEvent removal(api::Pod pod) {
  return {Action::remove, Change<api::Pod>{std::make_shared<api::Pod>(std::move(pod)), nullptr}};
}

}  // namespace

TEST_CASE("of the plugins that refused the Pod, one that hopes is enough, and others are not asked") {
  Bench bench;
  const auto pod = make_pod("p", "4");
  const auto event = node_event(nullptr, make_node("n", "2"));  // too small
  CHECK(bench.hope(event, pod, {"NodeResourcesFit"}) == "-");
  CHECK(bench.hope(event, pod, {"NodeResourcesFit", "TaintToleration"}) == "TaintToleration");
  CHECK(bench.hope(event, pod, {"DynamicResources"}) == "-");
}

TEST_CASE("events that no plugin cares for are nobody's") {
  Bench bench;
  const auto pod = std::make_shared<api::Pod>(make_pod("p"));
  const ClusterEvent capacity{
      Action::remove, Change<api::CSIStorageCapacity>{std::make_shared<api::CSIStorageCapacity>(), nullptr}};
  CHECK(bench.hope(capacity, *pod, {"VolumeBinding"}) == "nobody asks");
}

TEST_CASE("a Pod that had no node to go to waits for one") {
  Bench bench;
  const auto pod = make_pod("p", "4");
  CHECK(bench.hope(node_event(nullptr, make_node("n", "2")), pod, {}).empty());
  CHECK(bench.hope(removal(on_node(make_pod("q"), "n")), pod, {}) == "-");
}

TEST_CASE("an event may be meant for some Pods only") {
  Bench bench;
  auto pod = make_pod("p", "4");
  auto event = removal(on_node(make_pod("q"), "n"));
  event.up_to_priority = 5;
  pod.priority = 5;
  CHECK(bench.hope(event, pod, {"NodeResourcesFit"}) == "NodeResourcesFit");
  pod.priority = 6;
  CHECK(bench.hope(event, pod, {"NodeResourcesFit"}) == "-");

  auto own = removal(on_node(pod, "n"));
  CHECK(bench.hope(own, pod, {"NodeResourcesFit"}) == "NodeResourcesFit");
  own.others_alone = true;
  CHECK(bench.hope(own, pod, {"NodeResourcesFit"}) == "-");
}

TEST_CASE("CPUs could be a Pod's own if those left that it may evict") {
  Bench bench;
  auto pod = make_class_pod("p", "io-bound", "4");
  pod.priority = 5;
  CHECK_FALSE(bench.hints.may_get_cpus(pod, "n"));  // there is no such node
  bench.cache.upsert(make_node("n"));
  CHECK_FALSE(bench.hints.may_get_cpus(pod, "n"));  // nobody knows its CPUs
  bench.add_node();
  CHECK(bench.hints.may_get_cpus(pod, "n"));

  bench.hold("peer", "0-4", 5);
  CHECK_FALSE(bench.hints.may_get_cpus(pod, "n"));
  bench.cache.remove_pod("uid-peer");
  bench.hold("lesser", "0-4", 4);
  CHECK(bench.hints.may_get_cpus(pod, "n"));
  pod.spec->preemption_policy = "Never";
  CHECK_FALSE(bench.hints.may_get_cpus(pod, "n"));
  pod.spec->preemption_policy.clear();
  pod.priority = 4;
  CHECK_FALSE(bench.hints.may_get_cpus(pod, "n"));

  // What a plugin's own label or annotation asks for cannot be understood: nothing on a node changes that.
  pod.priority = 5;
  pod.meta.labels[std::string(api::workload_type_label)] = "unheard-of";
  CHECK_FALSE(bench.hints.may_get_cpus(pod, "n"));
}

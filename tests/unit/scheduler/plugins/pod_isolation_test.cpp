#include <actimanager/api/names.hpp>

#include "plugin_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

namespace {

api::Pod isolated(const std::string& level, const char* cpu = "2") {
  auto pod = make_pod("p", cpu);
  pod.meta.annotations->emplace(api::exclusiveness_level_annotation, level);
  return pod;
}

}  // namespace

TEST_CASE("PodIsolation has nothing to say about a Pod without the annotation") {
  const CpuBench bench(make_machine(2, 4, 2));
  const auto plugin = make(make_pod_isolation);
  CHECK(verdict(bench.decide(*plugin, make_pod("p", "2"))) == "Skip");
}

TEST_CASE("where PodIsolation is alone, a Pod without the annotation goes to the shared pool") {
  auto config = value_or_throw(parse_config_text(
      "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"
      "profiles: [{schedulerName: p, plugins: {multiPoint: {enabled: [{name: PodIsolation}]}}}]\n"));
  Cache cache;
  cache.upsert(make_node("a", "8"));
  cache.upsert(make_topology("a", make_machine(1, 4, 2)));
  Snapshot snapshot;
  cache.update(snapshot);
  Scheduler scheduler(std::move(config));
  auto pod = make_pod("shared", "2");
  pod.spec->scheduler_name = "p";
  const auto decision = scheduler.schedule_one(pod, snapshot);
  CHECK(decision.node == "a");
  CHECK_FALSE(decision.placement);
  auto alone = isolated("Core");
  alone.spec->scheduler_name = "p";
  CHECK(scheduler.schedule_one(alone, snapshot).placement);
}

TEST_CASE("PodIsolation takes whole free units of the level") {
  struct Row {
    const char* level;
    const char* cpus;
  };
  // Sockets 0-3,8-11 and 4-7,12-15; CPU n and n+8 are siblings.
  const Row rows[] = {{"None", "0,8"}, {"CPU", "0,8"}, {"Core", "0,8"}, {"Socket", "0,8"}, {"NUMA", "0,8"}};
  for (const auto& row : rows) {
    CAPTURE(row.level);
    CpuBench bench(make_machine(2, 4, 2));
    const auto plugin = make(make_pod_isolation);
    REQUIRE(bench.decide(*plugin, isolated(row.level)).ok());
    REQUIRE(bench.placement());
    CHECK(bench.placement()->level == api::parse_exclusiveness_level(row.level));
    CHECK(bench.placement()->cpus.to_string() == row.cpus);
  }
}

TEST_CASE("PodIsolation refuses a node without a free unit, in the allocator's words") {
  CpuBench bench(make_machine(2, 4, 2));
  bench.hold("0", api::ExclusivenessLevel::cpu);
  bench.hold("12", api::ExclusivenessLevel::none);
  const auto plugin = make(make_pod_isolation);
  CHECK(verdict(bench.decide(*plugin, isolated("Socket"))) ==
        "Unschedulable: node(s) had no 2 CPUs in free whole sockets");
  CHECK(bench.decide(*plugin, isolated("Core")).ok());
}

TEST_CASE("PodIsolation names an annotation that makes no sense, and quotes it in reason") {
  CpuBench bench(make_machine(1, 2, 1));
  const auto plugin = make(make_pod_isolation);
  CHECK(verdict(bench.decide(*plugin, isolated("core"))) ==
        "UnschedulableAndUnresolvable: annotation cslab.ece.ntua.gr/exclusiveness-level: \"core\" is not one "
        "of "
        "None, CPU, Core, Socket, NUMA");
  CHECK(verdict(bench.decide(*plugin, isolated(std::string(200'000, 'x')))).size() < 300);
}

TEST_CASE("PodIsolation replaces the level of a class and keeps its shape") {
  CpuBench bench(make_machine(2, 4, 2));
  CycleState state;
  auto pod = isolated("Core");
  const auto workload = make(make_workload_aware);
  const auto isolation = make(make_pod_isolation);
  workload->pre_filter(state, pod, bench.snapshot());
  isolation->pre_filter(state, pod, bench.snapshot());
  const auto request = state.cpu_wish->request(bench.node());
  CHECK(request.shape == allocator::Shape::one_per_core);
  CHECK(request.level == api::ExclusivenessLevel::core);
}

TEST_CASE("PodIsolation refuses what no binding could be asked for") {
  CpuBench bench(make_machine(1, 4, 1));
  const auto plugin = make(make_pod_isolation);
  auto pod = isolated("None");
  pod.meta.annotations->emplace(api::cfs_quota_annotation, "lift");
  CHECK(verdict(bench.decide(*plugin, pod)).contains("cfs-quota: lift is for a Pod with CPUs of its own"));
  pod.meta.annotations[std::string(api::exclusiveness_level_annotation)] = "CPU";
  CHECK(bench.decide(*plugin, pod).ok());
}

TEST_CASE("PodIsolation signs what its verdict depends on") {
  const auto plugin = make(make_pod_isolation);
  const auto sign = [&](const api::Pod& pod) {
    std::string out;
    CHECK(plugin->sign(pod, Snapshot(), out));
    return out;
  };
  CHECK(sign(isolated("Core")) == sign(isolated("Core")));
  CHECK(sign(isolated("Core")) != sign(isolated("CPU")));
  auto lifted = isolated("Core");
  lifted.meta.annotations->emplace(api::cfs_quota_annotation, "lift");
  CHECK(sign(isolated("Core")) != sign(lifted));
  CHECK(sign(isolated("Core", "3")) != sign(isolated("Core", "2")));
  CHECK(sign(make_pod("p", "3")) == sign(make_pod("p", "2")));
}

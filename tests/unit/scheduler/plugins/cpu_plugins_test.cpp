#include "plugins/cpu_plugins.hpp"

#include <fmt/ranges.h>

#include "plugin_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;
using Level = api::ExclusivenessLevel;

TEST_CASE("what a Pod's annotations ask of its binding is something that a binding can be asked for") {
  struct Row {
    std::string_view annotation;
    const char* value;
    Level level;
    const char* refusal;  // "": none
  };
  const Row rows[] = {
      {api::cfs_quota_annotation, "keep", Level::none, ""},
      {api::cfs_quota_annotation, "lift", Level::cpu, ""},
      {api::cfs_quota_annotation, "lift", Level::none,
       "annotation cslab.ece.ntua.gr/cfs-quota: lift is for a Pod with CPUs of its own, and its level is "
       "None"},
      {api::cfs_quota_annotation, "Lift", Level::cpu,
       "annotation cslab.ece.ntua.gr/cfs-quota: \"Lift\" is not one of keep, lift"},
      {api::isolation_annotation, "none", Level::none, ""},
      {api::isolation_annotation, "partition", Level::numa, ""},
      {api::isolation_annotation, "partition", Level::none,
       "annotation cslab.ece.ntua.gr/isolation: partition is for a Pod with CPUs of its own, and its level "
       "is None"},
      {api::isolation_annotation, "", Level::cpu,
       "annotation cslab.ece.ntua.gr/isolation: \"\" is not one of none, partition"},
  };
  CHECK(check_binding_wishes(make_pod("p"), Level::none).ok());
  for (const auto& row : rows) {
    CAPTURE(row.annotation, row.value);
    auto pod = make_pod("p");
    pod.meta.annotations->emplace(row.annotation, row.value);
    const auto status = check_binding_wishes(pod, row.level);
    CHECK(fmt::format("{}", fmt::join(status.reasons, ", ")) == row.refusal);
    CHECK(status.ok() == (*row.refusal == '\0'));
  }
}

TEST_CASE("a node with too few CPUs is one that may have them later, one without topology never will") {
  Cache cache;
  Snapshot snapshot;
  cache.upsert(make_node("n"));
  CycleState state;
  state.cpu_wish = CpuWish{.cpus = 2, .class_level = Level::cpu};
  cache.update(snapshot);
  CHECK(filter_cpus(state, *snapshot.find("n")).code == Code::unschedulable_and_unresolvable);
  cache.upsert(make_topology("n", make_machine(1, 2, 1)));
  cache.update(snapshot);
  CHECK(filter_cpus(state, *snapshot.find("n")).code == Code::unschedulable);
  cache.upsert(make_topology("n", make_machine(1, 4, 1)));
  cache.update(snapshot);
  CHECK(filter_cpus(state, *snapshot.find("n")).ok());
}

TEST_CASE("CPUs are reserved once, by the plugin that comes first") {
  const CpuBench bench(make_machine(1, 4, 1));
  CycleState state;
  state.cpu_wish = CpuWish{.cpus = 2, .class_level = Level::cpu};
  REQUIRE(reserve_cpus(state, make_pod("p", "2"), bench.node()).ok());
  REQUIRE(state.placement);
  CHECK(state.placement->cpus.size() == 2);
  state.cpu_wish->cpus = 3;
  REQUIRE(reserve_cpus(state, make_pod("p", "3"), bench.node()).ok());
  CHECK(state.placement->cpus.size() == 2);
  state.placement.reset();
  state.cpu_wish->cpus = 4;  // none would be left for the pool
  CHECK_FALSE(reserve_cpus(state, make_pod("p", "4"), bench.node()).ok());
}

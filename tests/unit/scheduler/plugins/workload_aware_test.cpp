#include <actimanager/api/names.hpp>

#include "plugin_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;
using Level = api::ExclusivenessLevel;

TEST_CASE("WorkloadAware gives each class its shape, and each feature its level") {
  struct Row {
    const char* workload;
    const char* feature;
    const char* cpus;
    Level level;
  };
  // Sockets 0-3,8-11 and 4-7,12-15; CPU n and n+8 are siblings.
  const Row rows[] = {{"memory-bound", "", "0-1,4-5", Level::cpu},
                      {"cpu-bound", "", "0-3", Level::cpu},
                      {"io-bound", "", "0-1,8-9", Level::cpu},
                      {"best-effort", "", "0", Level::cpu},
                      {"", "", "0-3", Level::cpu},  // no class is cpu-bound
                      {"cpu-bound", "PhysicalCores", "0-3", Level::core},
                      {"best-effort", "PhysicalCores", "0", Level::core},
                      {"memory-bound", "MemoryBoundExclusiveSockets", "0-3", Level::socket},
                      {"cpu-bound", "MemoryBoundExclusiveSockets", "0-3", Level::cpu},
                      {"best-effort", "BestEffortSharedCPUs", "0", Level::none},
                      {"io-bound", "BestEffortSharedCPUs", "0-1,8-9", Level::cpu}};
  for (const auto& row : rows) {
    CAPTURE(row.workload, row.feature);
    nlohmann::json args = {{"features", nlohmann::json::array()}};
    if (*row.feature != '\0') args["features"].push_back(row.feature);
    CpuBench bench(make_machine(2, 4, 2));
    REQUIRE(bench.decide(*make(make_workload_aware, args), make_class_pod("p", row.workload, "4")).ok());
    REQUIRE(bench.placement());
    CHECK(bench.placement()->cpus.to_string() == row.cpus);
    CHECK(bench.placement()->level == row.level);
  }
}

TEST_CASE("WorkloadAware refuses a class that is none, and nodes that are full") {
  CpuBench bench(make_machine(1, 4, 2));
  const auto plugin = make(make_workload_aware);
  CHECK(verdict(bench.decide(*plugin, make_class_pod("p", "gpu-bound", "1"))) ==
        "UnschedulableAndUnresolvable: label cslab.ece.ntua.gr/workload-type: \"gpu-bound\" is not one of "
        "memory-bound, cpu-bound, io-bound, best-effort");
  bench.hold("0-1", Level::core);
  CHECK(verdict(bench.decide(*plugin, make_class_pod("p", "cpu-bound", "3"))) ==
        "Unschedulable: node(s) had no 3 idle physical cores");
  CHECK(bench.decide(*plugin, make_class_pod("p", "cpu-bound", "2")).ok());
}

TEST_CASE("WorkloadAware's policy prefers the fullest node or the emptiest, within [0, 100]") {
  const auto scores = [](const char* policy) {
    const auto plugin = make(make_workload_aware, {{"policy", policy}});
    Scores all;
    for (const auto* held : {"", "0", "0-3"}) {
      CpuBench bench(make_machine(2, 4, 2));
      if (*held != '\0') bench.hold(held, Level::core);
      all.push_back(bench.score(*plugin, make_class_pod("p", "io-bound", "2")));
    }
    CHECK(plugin->normalizes());
    plugin->normalize(CycleState(), no_nodes(), all);
    return all;
  };
  CHECK(scores("MaximumUtilization") == Scores{0, 25, 100});
  CHECK(scores("PolicyMaximumUtilization") == scores("MaximumUtilization"));
  CHECK(scores("Balanced") == Scores{100, 75, 0});
  CHECK(scores("PolicyBalanced") == scores("Balanced"));
}

TEST_CASE("WorkloadAware prefers a node where the class gets all it asks for, whatever the policy") {
  for (const auto* policy : {"MaximumUtilization", "Balanced"}) {
    CAPTURE(policy);
    const auto plugin = make(make_workload_aware, {{"policy", policy}});
    const auto pod = make_class_pod("p", "cpu-bound", "4");
    CpuBench whole(make_machine(2, 4, 2)), split(make_machine(2, 4, 2));
    whole.hold("4-7", Level::core);
    split.hold("0,4", Level::cpu);
    CHECK(whole.score(*plugin, pod) > split.score(*plugin, pod));
  }
}

TEST_CASE("WorkloadAware's scores are alike where nodes are") {
  const auto plugin = make(make_workload_aware);
  Scores same{7, 7, 7}, none;
  plugin->normalize(CycleState(), no_nodes(), same);
  plugin->normalize(CycleState(), no_nodes(), none);
  CHECK(same == Scores{100, 100, 100});
}

TEST_CASE("WorkloadAware's arguments are read, and what is wrong in them is named") {
  const auto error_of = [](const nlohmann::json& args) {
    const api::JsonDocument document(args);
    api::JsonReader reader(document.root());
    make_workload_aware(reader.root());
    return reader.error() ? reader.error()->context : "";
  };
  CHECK(error_of({{"policy", "Balanced"}, {"features", {"PhysicalCores", "BestEffortSharedCPUs"}}}).empty());
  CHECK(error_of({{"policy", "Fullest"}}) ==
        "policy: \"Fullest\" is not one of MaximumUtilization, Balanced");
  CHECK(error_of({{"features", {"PhysicalCores", "Turbo"}}}) ==
        "features[1]: \"Turbo\" is not one of PhysicalCores, MemoryBoundExclusiveSockets, "
        "BestEffortSharedCPUs");
  CHECK(error_of({{"features", "PhysicalCores"}}) == "features: expected a list");
}

TEST_CASE("WorkloadAware signs class and request") {
  const auto plugin = make(make_workload_aware);
  const auto sign = [&](const api::Pod& pod) {
    std::string out;
    CHECK(plugin->sign(pod, Snapshot(), out));
    return out;
  };
  CHECK(sign(make_class_pod("p", "", "2")) == sign(make_class_pod("q", "cpu-bound", "2")));
  CHECK(sign(make_class_pod("p", "io-bound", "2")) != sign(make_class_pod("p", "cpu-bound", "2")));
  CHECK(sign(make_class_pod("p", "io-bound", "2")) != sign(make_class_pod("p", "io-bound", "1500m")));
}

TEST_CASE("WorkloadAware looks at what else is asked of the binding, unless PodIsolation does") {
  CpuBench bench(make_machine(1, 2, 1));
  const auto plugin = make(make_workload_aware, {{"features", {"BestEffortSharedCPUs"}}});
  auto pod = make_class_pod("p", "best-effort", "1");
  pod.meta.annotations->emplace(api::cfs_quota_annotation, "lift");
  CHECK(verdict(bench.decide(*plugin, pod)) ==
        "UnschedulableAndUnresolvable: annotation cslab.ece.ntua.gr/cfs-quota: lift is for a Pod with CPUs "
        "of its "
        "own, and its level is None");
  pod.meta.annotations->emplace(api::exclusiveness_level_annotation, "CPU");
  CHECK(bench.decide(*plugin, pod).ok());
  pod = make_class_pod("p", "io-bound", "1");
  pod.meta.annotations->emplace(api::cfs_quota_annotation, "lift");
  CHECK(bench.decide(*plugin, pod).ok());
  pod.meta.annotations[std::string(api::cfs_quota_annotation)] = "0";
  CHECK(
      verdict(bench.decide(*plugin, pod)) ==
      "UnschedulableAndUnresolvable: annotation cslab.ece.ntua.gr/cfs-quota: \"0\" is not one of keep, lift");
}

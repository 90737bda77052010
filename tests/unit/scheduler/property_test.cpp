// Random clusters, random sequences: no CPU is ever given twice, the kept evaluations answer as fresh ones
// do, and what the books say can be counted from scratch.
#include <algorithm>
#include <map>
#include <random>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <actimanager/allocator/exclusiveness.hpp>
#include <actimanager/scheduler/scheduler.hpp>

#include "fixtures.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;
using Level = api::ExclusivenessLevel;

namespace {

struct World {
  explicit World(unsigned seed) : random(seed) {
    const nlohmann::json document = {
        {"apiVersion", "kubescheduler.config.k8s.io/v1"},
        {"kind", "KubeSchedulerConfiguration"},
        {"profiles",
         {{{"schedulerName", "maestro"},
           {"plugins",
            {{"multiPoint", {{"enabled", {{{"name", "WorkloadAware"}}, {{"name", "PodIsolation"}}}}}}}},
           {"pluginConfig",
            {{{"name", "WorkloadAware"},
              {"args",
               {{"policy", seed % 2 == 0 ? "Balanced" : "MaximumUtilization"},
                {"features", seed % 3 == 0 ? nlohmann::json::array({"PhysicalCores", "BestEffortSharedCPUs"})
                                           : nlohmann::json::array()}}}}}}}}}};
    config = [document] { return value_or_throw(parse_config(document)); };
    scheduler.emplace(config());
    for (int i = 0; i < 6; ++i) add_node(i);
  }

  int pick(int low, int high) { return std::uniform_int_distribution(low, high)(random); }

  void add_node(int i) {
    const auto name = "n" + std::to_string(i);
    machines[name] = make_machine(pick(1, 2), pick(2, 4), pick(1, 2));
    reserved[name] = pick(0, 3) == 0 ? CpuSet{0} : CpuSet{};
    cache.upsert(make_node(name, "16"));
    cache.upsert(make_topology(name, machines[name], reserved[name]));
  }

  api::Pod new_pod() {
    static constexpr const char* workloads[] = {"memory-bound", "cpu-bound", "io-bound", "best-effort"};
    static constexpr const char* levels[] = {"None", "CPU", "Core", "Socket", "NUMA"};
    auto pod = make_class_pod("p" + std::to_string(++count), workloads[pick(0, 3)],
                              std::to_string(pick(1, 3000)).append("m").c_str());
    if (pick(0, 4) == 0)
      pod.meta.annotations->emplace(api::exclusiveness_level_annotation, levels[pick(0, 4)]);
    return pod;
  }

  // The Pod is where the scheduler's books should have it.
  struct Placed {
    api::Pod pod;
    std::string node;
    std::optional<allocator::Placement> placement;
    bool bound = false;
  };

  void schedule() {
    auto pod = new_pod();
    cache.update(snapshot);
    const auto decision = scheduler->schedule_one(pod, snapshot);
    REQUIRE_FALSE(decision.error);
    // A scheduler that remembers nothing says the same.
    Scheduler fresh(config());
    const auto again = fresh.schedule_one(pod, snapshot);
    REQUIRE(again.node == decision.node);
    REQUIRE(again.placement == decision.placement);
    REQUIRE(again.message == decision.message);
    REQUIRE(rejected_by(again) == rejected_by(decision));
    if (!decision.placed()) {
      ++refused;
      return;
    }
    ++placed_count;
    cache.assume(pod, decision.node, decision.placement);
    placed.push_back({pod, decision.node, decision.placement});
  }

  void confirm(Placed& it) {
    const auto binding =
        make_binding(it.pod, it.node, it.placement->cpus.to_string().c_str(), it.placement->level);
    const auto bound = on_node(it.pod, it.node);
    if (pick(0, 1) == 0) {
      cache.upsert(binding);
      cache.upsert(bound);
    } else {
      cache.upsert(bound);
      cache.upsert(binding);
    }
    it.bound = true;
  }

  void remove(std::size_t i) {
    auto it = placed[i];
    placed.erase(placed.begin() + static_cast<std::ptrdiff_t>(i));
    if (!it.bound) {
      cache.forget(it.pod.meta.uid);
      return;
    }
    cache.remove_pod(it.pod.meta.uid);
    cache.remove_binding("default/" + api::PodCPUBinding::name_for_pod(it.pod.meta.name));
  }

  void check() {
    cache.update(snapshot);
    std::map<std::string, CpuSet> exclusive, named;
    std::map<std::string, int> pods;
    for (const auto& it : placed) {
      const auto mine =
          allocator::exclusive_cpus(*machines[it.node], it.placement->cpus, it.placement->level);
      REQUIRE_FALSE(mine.intersects(exclusive[it.node] | named[it.node] | reserved[it.node]));
      REQUIRE_FALSE(it.placement->cpus.intersects(exclusive[it.node]));
      exclusive[it.node] |= mine;
      named[it.node] |= it.placement->cpus;
      ++pods[it.node];
    }
    for (const auto& [name, machine] : machines) {
      const auto* node = snapshot.find(name);
      REQUIRE(node != nullptr);
      REQUIRE(node->cpus.exclusive() == exclusive[name]);
      REQUIRE(std::ssize(node->pods) == pods[name]);
      REQUIRE(node->cpus.pool_size() >= 1);
      std::int64_t milli = 0;
      std::int64_t pool = 0;
      for (const auto& it : placed) {
        if (it.node != name) continue;
        const auto own = to_resources(pod_requests(it.pod)).milli_cpu;
        milli += own;
        if (it.placement->level == Level::none) pool += own;
      }
      REQUIRE(node->requested.milli_cpu == milli);
      REQUIRE(node->pool_milli_cpu == pool);
      REQUIRE(node->cpus.pool_size() * 1000 >= pool);
    }
  }

  std::mt19937 random;
  std::function<Config()> config;
  Cache cache;
  Snapshot snapshot;
  std::optional<Scheduler> scheduler;
  std::map<std::string, std::shared_ptr<const topology::Topology>> machines;
  std::map<std::string, CpuSet> reserved;
  std::vector<Placed> placed;
  int count = 0, placed_count = 0, refused = 0;
};

}  // namespace

TEST_CASE("random sequences of placing, confirming, forgetting and deleting never share a CPU") {
  int placed = 0;
  int refused = 0;
  for (unsigned seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    World world(seed);
    for (int step = 0; step < 120; ++step) {
      CAPTURE(step);
      const int what = world.pick(0, 9);
      if (what < 6 || world.placed.empty()) {
        world.schedule();
      } else if (what < 8) {
        auto& it =
            world.placed[static_cast<std::size_t>(world.pick(0, static_cast<int>(world.placed.size()) - 1))];
        if (!it.bound) world.confirm(it);
      } else {
        world.remove(static_cast<std::size_t>(world.pick(0, static_cast<int>(world.placed.size()) - 1)));
      }
      world.check();
    }
    placed += world.placed_count;
    refused += world.refused;
    while (!world.placed.empty()) world.remove(0);
    world.check();
  }
  CHECK(placed > 300);
  CHECK(refused > 100);
}

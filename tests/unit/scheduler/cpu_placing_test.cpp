#include "cpu_placing.hpp"

#include <catch2/catch_test_macros.hpp>

#include "fixtures.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

namespace {

// Two sockets of two cores, and Pods that are nominated for the node.
struct Bench {
  NodeInfo node;
  CpuWish wish;

  Bench() {
    Cache cache;
    Snapshot snapshot;
    cache.upsert(make_node("n", "4"));
    cache.upsert(make_topology("n", make_machine(2, 2, 1)));
    cache.update(snapshot);
    node = *snapshot.find("n");
    wish.isolation_level = api::ExclusivenessLevel::cpu;
  }
  void nominate(const std::string& name, std::int32_t priority, CpuSet cpus) {
    auto pod = make_pod(name);
    pod.priority = priority;
    node.nominated.push_back({std::make_shared<const api::Pod>(std::move(pod)),
                              allocator::Placement{std::move(cpus), api::ExclusivenessLevel::cpu}});
  }
  CpuSet placed(std::int32_t priority, const std::string& name = "p") {
    auto pod = make_pod(name);
    pod.priority = priority;
    const auto placement = place_cpus(wish, pod, node);
    return placement ? placement->cpus : CpuSet();
  }
};

}  // namespace

TEST_CASE("CPUs that are kept for a Pod on its way are not another's, unless that is more important") {
  Bench bench;
  const auto first = bench.placed(0);
  REQUIRE_FALSE(first.empty());
  bench.nominate("other", 5, first);
  CHECK_FALSE(bench.placed(0).intersects(first));
  CHECK_FALSE(bench.placed(5).intersects(first));
  CHECK(bench.placed(6) == first);
  CHECK(bench.placed(5, "other") == first);  // they are its own
}

TEST_CASE("where no other CPUs are left a Pod may have those that are kept") {
  Bench bench;
  bench.nominate("a", 5, {0, 1});
  bench.nominate("b", 5, {2, 3});
  CHECK_FALSE(bench.placed(0).empty());
}

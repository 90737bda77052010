#include <catch2/catch_test_macros.hpp>

#include <actimanager/scheduler/kept_cpus.hpp>

#include "fixtures.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

TEST_CASE("CPUs that are kept for a nominated Pod are taken for all who are not more important") {
  Cache cache;
  Snapshot snapshot;
  cache.upsert(make_node("n", "4"));
  cache.upsert(make_topology("n", make_machine(2, 2, 1)));
  cache.update(snapshot);
  auto nominated = make_pod("nominated");
  nominated.priority = 5;
  auto without = make_pod("without-cpus");
  without.priority = 9;
  const auto free_for = [&](const std::string& name, std::int32_t priority) {
    auto node = *snapshot.find("n");
    node.nominated.push_back({std::make_shared<const api::Pod>(nominated),
                              allocator::Placement{{0, 1}, api::ExclusivenessLevel::cpu}});
    node.nominated.push_back({std::make_shared<const api::Pod>(without), std::nullopt});
    auto pod = make_pod(name);
    pod.priority = priority;
    const bool any = count_kept_cpus(node, pod);
    CHECK(any == (node.cpus.free_size() == 2));
    return node.cpus.free();
  };
  CHECK(free_for("p", 5) == CpuSet{2, 3});
  CHECK(free_for("p", 6) == CpuSet{0, 1, 2, 3});
  CHECK(free_for("nominated", 5) == CpuSet{0, 1, 2, 3});
}

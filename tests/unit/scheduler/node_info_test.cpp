#include <algorithm>

#include <catch2/catch_test_macros.hpp>

#include <actimanager/scheduler/node_info.hpp>

#include "fixtures.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

TEST_CASE("the pool keeps a CPU for every thousand milli-CPUs that run in it, and one at least") {
  NodeInfo node;
  CHECK(node.min_pool(0) == 1);
  node.pool_milli_cpu = 1000;
  CHECK(node.min_pool(0) == 1);
  CHECK(node.min_pool(1) == 2);
  node.pool_milli_cpu = 1'000'000'000'000;
  CHECK(node.min_pool(0) == CpuSet::max_id);
}

TEST_CASE("what a Pod adds to a node, it takes away again, and nothing of another's") {
  NodeInfo node;
  auto first = make_pod("first", "1", "1Gi");
  auto second = make_pod("second", "2", "2Gi");
  for (auto* pod : {&first, &second}) pod->spec->containers[0].ports = {{.host_port = 80, .protocol = "TCP"}};
  const auto a = std::make_shared<const api::Pod>(first);
  const auto b = std::make_shared<const api::Pod>(second);
  node.add(a, pod_load(*a));
  node.add(b, pod_load(*b));
  CHECK(node.requested.milli_cpu == 3000);
  CHECK(node.used_ports.size() == 2);
  node.remove(a, pod_load(*a));
  CHECK(node.requested.milli_cpu == 2000);
  CHECK(node.non_zero_memory == 2LL << 30);
  CHECK(node.used_ports.size() == 1);
  CHECK(node.pods == std::vector{b});
  node.remove(b, pod_load(*b));
  CHECK(node.requested == Resources{});
  CHECK(node.used_ports.empty());
}

TEST_CASE("a node's Pods are counted by kind") {
  PodKinds kinds;
  const auto a = kinds.of(make_pod("a"));
  auto labelled = make_pod("b");
  labelled.meta.labels["app"] = "b";
  const auto b = kinds.of(labelled);
  NodeInfo node;
  const auto count_of = [&](const PodKindPointer& kind) {
    const auto it = std::ranges::find(node.kinds, kind, &NodeInfo::KindCount::kind);
    return it == node.kinds.end() ? 0 : it->count;
  };
  node.count(a, 1);
  node.count(b, 1);
  node.count(a, 1);
  CHECK(node.kinds.size() == 2);
  CHECK(count_of(a) == 2);
  CHECK(count_of(b) == 1);
  node.count(a, -2);
  CHECK(node.kinds.size() == 1);
  CHECK(count_of(b) == 1);
}

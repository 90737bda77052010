#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <actimanager/binding/desired.hpp>

#include "node_fake.hpp"

using namespace actimanager;
using namespace actimanager::binding;
using namespace actimanager::binding::testing;
using topology::testing::dual_socket_smt;  // socket and NUMA node 0: CPUs 0-3,8-11; 1: CPUs 4-7,12-15
using topology::testing::four_numa_nodes;  // CPUs 0,1 in NUMA node 0, 2,3 in node 1, …
using topology::testing::make_machine;

namespace {

// `four_numa_nodes` with this much memory in each, and distances of a ring 0-1-3-2.
topology::testing::Machine with_memory(std::vector<std::uint64_t> bytes) {
  auto parts = four_numa_nodes()->parts();
  const std::vector<std::vector<int>> distances = {
      {10, 12, 12, 20}, {12, 10, 20, 12}, {12, 20, 10, 12}, {20, 12, 12, 10}};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    parts.numa_nodes[i].memory_bytes = bytes[i];
    parts.numa_nodes[i].distances = distances[i];
  }
  return std::make_shared<topology::Topology>(value_or_throw(topology::Topology::make(std::move(parts))));
}

}  // namespace

TEST_CASE("without bindings everyone shares all CPUs and all memory") {
  NodeFake node(dual_socket_smt(), {0});
  const auto desired = node.desired();
  CHECK(desired.shared == Cpuset{CpuSet::range(0, 15), {0, 1}});
  CHECK(desired.exclusive.empty());
  CHECK(desired.pods.empty());
  CHECK(desired.of("whoever").pod == desired.shared);
  CHECK_FALSE(desired.of("whoever").pinned);
}

TEST_CASE("a pinned Pod has its CPUs and their memory, the others all but what is exclusive") {
  NodeFake node(dual_socket_smt());
  for (const auto* pod : {"shares", "owns", "refused"}) node.add_pod(pod);
  node.bind("s", "shares", {0, 4}, none);
  node.bind("o", "owns", {13}, core);
  node.bind("r", "refused", {5}, cpu);
  const auto desired = node.desired();
  CHECK(desired.exclusive == CpuSet{5, 13});
  CHECK(desired.shared.cpus == CpuSet::range(0, 15) - CpuSet{5, 13});
  CHECK(desired.of("shares-1").pod == Cpuset{{0, 4}, {0, 1}});
  CHECK(desired.of("owns-1").pod == Cpuset{{13}, {1}});
  CHECK(desired.of("owns-1").pinned);
  CHECK(desired.of("refused-1").pod == desired.shared);
  CHECK(desired.pods.size() == 2);
}

TEST_CASE("CPUs that the kernel isolates are nobody's but a binding's, unless no other is left") {
  NodeFake node(dual_socket_smt());
  node.add_pod("web");
  node.bind("b", "web", {6, 7}, cpu);
  const auto desired = [&](const CpuSet& isolated) {
    return desired_cpusets(node.facts(), node.judge(node.objects()), isolated);
  };
  CHECK(desired({6, 14}).shared.cpus == CpuSet::range(0, 15) - CpuSet{6, 7, 14});
  CHECK(desired({6, 14}).of("web-1").pod.cpus == CpuSet{6, 7});
  CHECK(desired(CpuSet::range(0, 15)).shared.cpus == CpuSet::range(0, 15) - CpuSet{6, 7});
}

TEST_CASE("a container has its narrower set, and its Pod the memory of all its containers") {
  NodeFake node(dual_socket_smt());
  node.add_pod("web");
  node.bind("b", "web", {0, 1, 4}, cpu).spec.containers = {{"app", {4}, {}}, {"setup", {}, {1}}};
  const auto pod = node.desired().of("web-1");
  CHECK(pod.pod == Cpuset{{0, 1, 4}, {0, 1}});
  CHECK(pod.containers.at("app") == Cpuset{{4}, {1}});
  CHECK(pod.containers.at("setup") == Cpuset{{0, 1, 4}, {1}});

  node.edit("b", {0, 1}, cpu);
  node.binding("b").spec.containers = {{"app", {1}, {1}}};
  CHECK(node.desired().of("web-1").pod == Cpuset{{0, 1}, {0, 1}});
}

TEST_CASE("a machine without NUMA leaves memory alone") {
  NodeFake node(make_machine({.numa_per_socket = 0}));
  node.add_pod("web");
  node.bind("b", "web", {1}, cpu);
  CHECK(node.desired().shared.mems.empty());
  CHECK(node.desired().of("web-1").pod.mems.empty());
}

TEST_CASE("memory of CPUs whose NUMA node has none comes from the nearest that has some") {
  const auto machine = with_memory({1 << 20, 0, 0, 1 << 20});
  CHECK(memory_nodes_of(*machine, {0}) == NumaSet{0});
  CHECK(memory_nodes_of(*machine, {2}) == NumaSet{0, 3});  // both as near to node 1
  CHECK(memory_nodes_of(*machine, {0, 2}) == NumaSet{0});  // there is some already
  CHECK(memory_nodes_of(*with_memory({1 << 20, 0, 0, 0}), {6}) == NumaSet{0});
  CHECK(memory_nodes_of(*four_numa_nodes(), {2, 4}) == NumaSet{1, 2});  // sizes not known
  CHECK(NodeFake(machine).desired().shared.mems == NumaSet{0, 3});
}

TEST_CASE("offline CPUs are left out, and a Pod without any left shares until they return") {
  NodeFake node(dual_socket_smt());
  for (const auto* pod : {"one", "two"}) node.add_pod(pod);
  node.bind("a", "one", {1, 4}, cpu).spec.containers = {{"app", {4}, {}}};
  node.bind("b", "two", {5}, cpu);
  node.reconcile();
  node.set_offline({4, 5});
  const auto desired = node.desired();
  CHECK(desired.of("one-1").pod == Cpuset{{1}, {0}});
  CHECK(desired.of("one-1").containers.at("app").cpus == CpuSet{1});  // never an empty set
  CHECK(desired.of("two-1").pod == desired.shared);
  CHECK_FALSE(desired.of("two-1").pinned);
  node.set_offline({});
  CHECK(node.desired().of("one-1").containers.at("app").cpus == CpuSet{4});
  CHECK(node.desired().of("two-1").pod.cpus == CpuSet{5});
}

TEST_CASE("where nothing but exclusive CPUs is online everyone runs there") {
  NodeFake node(make_machine({.cores_per_numa = 2, .threads = 1}));
  node.add_pod("one");
  node.bind("a", "one", {0}, cpu);
  node.reconcile();
  node.set_offline({1});
  CHECK(node.desired().shared.cpus == CpuSet{0});
  CHECK(node.desired().of("one-1").pod.cpus == CpuSet{0});
}

TEST_CASE("a static Pod's cgroup bears the hash of its manifest, not its mirror's UID") {
  NodeFake node(dual_socket_smt());
  auto& pod = node.add_pod("etcd");
  node.bind("b", "etcd", {1}, cpu);
  CHECK(cgroup_uid(pod) == "etcd-1");
  const std::string hash = "0f9e8d7c6b5a40302010ffeeddccbbaa";
  pod.meta.annotations["kubernetes.io/config.hash"] = hash;
  CHECK(cgroup_uid(pod) == "etcd-1");
  pod.meta.annotations["kubernetes.io/config.mirror"] = hash;
  CHECK(cgroup_uid(pod) == hash);
  CHECK(node.desired().pods.contains(hash));
}

TEST_CASE("no annotation gives a Pod another one's cgroup") {
  NodeFake node(dual_socket_smt());
  auto& pod = node.add_pod("thief");
  const auto* claimed =
      GENERATE("6f1a2b3c-0000-4111-8222-333344445555", "", "0F9E8D7C6B5A40302010FFEEDDCCBBAA");
  for (const char* annotation : {"kubernetes.io/config.hash", "kubernetes.io/config.mirror"})
    pod.meta.annotations[annotation] = claimed;
  CHECK(cgroup_uid(pod) == "thief-1");
}

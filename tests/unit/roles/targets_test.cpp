#include "targets.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace actimanager;

TEST_CASE("a container's id loses its runtime's scheme") {
  CHECK(roles::runtime_id("containerd://abc") == "abc");
  CHECK(roles::runtime_id("cri-o://abc") == "abc");
  CHECK(roles::runtime_id("abc") == "abc");
  CHECK(roles::runtime_id("").empty());
}

TEST_CASE("Pods without a target of their own are in the shared pool") {
  roles::Targets targets;
  targets.shared.pod.cpus = {0, 1};
  targets.pods["pinned"].pod.cpus = {2};
  CHECK(targets.of("pinned").pod.cpus == CpuSet{2});
  CHECK(targets.of("other").pod.cpus == CpuSet{0, 1});
}

TEST_CASE("whether quotas are lifted and CPUs isolated is the Pod's own") {
  binding::Desired desired;
  desired.pods["isolated"].is_partition = true;
  desired.pods["lifts"].lifts_quota = true;
  desired.pods["keeps"];
  const auto targets = roles::targets_of(desired, {});
  CHECK(targets.pods.at("lifts").lifts_quota);
  CHECK_FALSE(targets.pods.at("keeps").lifts_quota);
  CHECK_FALSE(targets.shared.lifts_quota);
  CHECK(targets.pods.at("isolated").is_partition);
  CHECK_FALSE(targets.pods.at("keeps").is_partition);
}

TEST_CASE("narrower sets are found by the container's name and given by its id") {
  const auto topology = std::make_shared<const topology::Topology>(*topology::Topology::make(
      {.sockets = {{SocketId{0}, {0, 1, 2, 3}}},
       .cores = {{CoreId{0}, SocketId{0}, {0, 1}}, {CoreId{1}, SocketId{0}, {2, 3}}},
       .numa_nodes = {},
       .caches = {},
       .cpu_kinds = {}}));
  auto pod = std::make_shared<api::Pod>();
  pod->meta.name = "p";
  pod->meta.namespace_ = "default";
  pod->meta.uid = "pod-uid";
  pod->spec->containers = {{.name = "a"}, {.name = "b"}};
  *pod->container_statuses = {{.name = "a", .container_id = "containerd://ida", .running = true},
                              {.name = "b", .container_id = "", .running = false}};
  auto object = std::make_shared<api::PodCPUBinding>();
  object->meta.name = "p";
  object->meta.namespace_ = "default";
  object->meta.uid = "binding-uid";
  object->meta.generation = 1;
  object->spec.pod_name = "p";
  object->spec.cpu_set = {2, 3};
  object->spec.containers = {{"a", {3}, {}}, {"b", {2}, {}}};
  const binding::NodeFacts facts{topology, {}};
  const auto verdicts = binding::admit(facts, {object}, {[&](const std::string&) { return pod; }, {}});
  REQUIRE(verdicts[0].admitted());
  const auto targets = roles::targets_of(binding::desired_cpusets(facts, verdicts), verdicts);
  CHECK(targets.shared.pod.cpus == CpuSet{0, 1, 2, 3});
  REQUIRE(targets.pods.contains("pod-uid"));
  CHECK(targets.pods.at("pod-uid").pod.cpus == CpuSet{2, 3});
  CHECK(targets.pods.at("pod-uid").containers.size() == 1);
  CHECK(targets.pods.at("pod-uid").containers.at("ida").cpus == CpuSet{3});
}

#include <catch2/catch_test_macros.hpp>

#include <actimanager/scheduler/resources.hpp>

#include "fixtures.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

TEST_CASE("pod_requests: the worst moment, Pod-level requests, overhead, resizes") {
  const auto milli = [](const api::Pod& pod, RequestOptions options = {}) {
    return to_resources(pod_requests(pod, options)).milli_cpu;
  };
  auto pod = make_pod("p", "1");
  pod.spec->init_containers.push_back({.name = "i", .requests = resources({{"cpu", "3"}})});
  CHECK(milli(pod) == 3000);
  pod.spec->init_containers.insert(
      pod.spec->init_containers.begin(),
      {.name = "s", .requests = resources({{"cpu", "1"}}), .restart_always = true});
  CHECK(milli(pod) == 4000);
  pod.spec->overhead = resources({{"cpu", "250m"}});
  CHECK(milli(pod) == 4250);
  pod.spec->pod_requests = resources({{"cpu", "2"}, {"ephemeral-storage", "7"}});
  CHECK(milli(pod) == 2250);
  CHECK(milli(pod, {.skip_pod_level = true}) == 4250);
  CHECK(to_resources(pod_requests(pod)).ephemeral_storage == 0);

  auto resized = make_pod("p", "1");
  *resized.container_statuses = {{.name = "main",
                                  .allocated_resources = resources({{"cpu", "2"}}),
                                  .resources_requests = resources({{"cpu", "3"}})}};
  CHECK(milli(resized) == 1000);
  CHECK(milli(resized, {.use_status = true}) == 3000);
  resized.spec->containers[0].requests = resources({{"cpu", "5"}});
  CHECK(milli(resized, {.use_status = true}) == 5000);
  resized.conditions->push_back({.type = "PodResizePending", .reason = "Infeasible"});
  CHECK(milli(resized, {.use_status = true}) == 3000);
  CHECK(pod_load(make_pod("p")).non_zero_milli_cpu == 100);
  CHECK(pod_load(make_pod("p")).non_zero_memory == 200 * 1024 * 1024);
  CHECK(pod_load(make_pod("p")).requests == Resources{});
}

TEST_CASE("which resource names count") {
  struct Row {
    const char* name;
    bool scalar, extended;
  };
  const Row rows[] = {{"example.com/gpu", true, true},
                      {"hugepages-2Mi", true, false},
                      {"attachable-volumes-aws-ebs", true, false},
                      {"kubernetes.io/batch", true, false},
                      {"sub.kubernetes.io/batch", true, false},
                      {"requests.example.com/gpu", false, false},
                      {"gpu", false, false},
                      {"Example.com/gpu", false, false},
                      {"example.com/", false, false},
                      {"example.com/a b", false, false}};
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CHECK(is_scalar_resource(row.name) == row.scalar);
    CHECK(is_extended_resource(row.name) == row.extended);
  }
}

TEST_CASE("resources add up and are taken away again, entry by entry") {
  auto sum = to_resources(resources({{"cpu", "1"}, {"memory", "1Ki"}, {"example.com/gpu", "2"}}));
  sum.add(to_resources(resources({{"cpu", "500m"}, {"ephemeral-storage", "7"}, {"example.com/gpu", "1"}})));
  CHECK(sum.milli_cpu == 1500);
  CHECK(sum.memory == 1024);
  CHECK(sum.ephemeral_storage == 7);
  CHECK(sum.scalar("example.com/gpu") == 3);
  CHECK(sum.scalar("example.com/none") == 0);
  sum.subtract(to_resources(resources({{"cpu", "1500m"}, {"example.com/gpu", "3"}})));
  CHECK(sum.milli_cpu == 0);
  CHECK(sum.scalar("example.com/gpu") == 0);
}

TEST_CASE("host ports are the same if protocol and number are, and one address is all or both are one") {
  const HostPort all{"0.0.0.0", "TCP", 80}, one{"10.0.0.1", "TCP", 80};
  CHECK(conflicts(all, one));
  CHECK(conflicts(one, all));
  CHECK(conflicts(one, one));
  CHECK_FALSE(conflicts(one, {"10.0.0.2", "TCP", 80}));
  CHECK_FALSE(conflicts(all, {"0.0.0.0", "UDP", 80}));
  CHECK_FALSE(conflicts(all, {"0.0.0.0", "TCP", 81}));
}

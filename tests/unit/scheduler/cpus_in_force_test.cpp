#include "cpus_in_force.hpp"

#include <catch2/catch_test_macros.hpp>

#include "fixtures.hpp"

using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

TEST_CASE("cpus_in_force: whole CPUs of what a Pod on a node counts for, without overhead") {
  CHECK(cpus_in_force(make_pod("p")) == 1);
  CHECK(cpus_in_force(make_pod("p", "2001m")) == 3);
  auto pod = make_pod("p", "4");
  pod.spec->overhead = resources({{"cpu", "250m"}});
  CHECK(cpus_in_force(pod) == 4);
  // Growing: at once. Shrinking: when the kubelet has done it.
  *pod.container_statuses = {{.name = "main",
                              .allocated_resources = resources({{"cpu", "6"}}),
                              .resources_requests = resources({{"cpu", "5"}})}};
  CHECK(cpus_in_force(pod) == 6);
  pod.spec->init_containers.push_back(
      {.name = "sidecar", .requests = resources({{"cpu", "1"}}), .restart_always = true});
  CHECK(cpus_in_force(pod) == 7);
  pod.spec->pod_requests = resources({{"cpu", "3"}});
  CHECK(cpus_in_force(pod) == 3);
}

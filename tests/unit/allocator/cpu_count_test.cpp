#include <catch2/catch_test_macros.hpp>

#include <actimanager/allocator/placement.hpp>

using namespace actimanager;
using namespace actimanager::allocator;

namespace {

api::Container container(const char* cpu, bool sidecar = false) {
  api::Container made;
  if (*cpu != '\0') made.requests.emplace("cpu", *Quantity::parse(cpu));
  made.restart_always = sidecar;
  return made;
}

}  // namespace

TEST_CASE("cpu_count is the ceiling of what a Pod's containers need at once") {
  struct Row {
    const char* what;
    std::vector<api::Container> containers, init_containers;
    int count;
  };
  const Row rows[] = {
      {"no request at all", {container("")}, {}, 1},
      {"no containers", {}, {}, 1},
      {"a fraction", {container("100m")}, {}, 1},
      {"whole CPUs", {container("4")}, {}, 4},
      {"summed before rounding", {container("500m"), container("500m")}, {}, 1},
      {"rounded up", {container("1500m"), container("600m")}, {}, 3},
      {"an init container that needs more", {container("1")}, {container("3")}, 3},
      {"init containers run one after the other", {container("1")}, {container("2"), container("2")}, 2},
      {"a sidecar runs beside the containers", {container("2")}, {container("1", true)}, 3},
      {"and beside the init containers after it",
       {container("1")},
       {container("1", true), container("3")},
       4},
      {"but not beside those before it", {container("1")}, {container("3"), container("1", true)}, 3},
      {"absurd", {container("1e18")}, {}, CpuSet::max_id + 1},
      {"negative", {container("-4")}, {}, 1},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    api::Pod pod;
    pod.spec->containers = row.containers;
    pod.spec->init_containers = row.init_containers;
    CHECK(cpu_count(pod) == row.count);
  }
}

TEST_CASE("limits are counted like requests, without rounding") {
  api::Pod pod;
  pod.spec->containers = {container("4"), container("")};
  CHECK(cpu_limit(pod) == Quantity());
  pod.spec->containers[0].limits.emplace("cpu", Quantity::milli(1500));
  pod.spec->init_containers = {container("")};
  pod.spec->init_containers[0].limits.emplace("cpu", Quantity::milli(1200));
  CHECK(cpu_limit(pod) == Quantity::milli(1500));
  pod.spec->init_containers[0].restart_always = true;
  CHECK(cpu_limit(pod) == Quantity::milli(2700));
  pod.spec->pod_limits.emplace();
  pod.spec->pod_limits->emplace("cpu", Quantity::units(2));
  CHECK(cpu_limit(pod) == Quantity::units(2));
}

TEST_CASE("Pod-level requests replace the containers', overhead does not count") {
  api::Pod pod;
  pod.spec->containers = {container("1")};
  pod.spec->overhead.emplace("cpu", Quantity::units(1));
  CHECK(cpu_count(pod) == 1);
  pod.spec->pod_requests.emplace();
  CHECK(cpu_count(pod) == 1);
  pod.spec->pod_requests->emplace("cpu", *Quantity::parse("2500m"));
  CHECK(cpu_count(pod) == 3);
}

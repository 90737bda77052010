#include "observation.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace actimanager;
using roles::observe;
using roles::Sight;

namespace {

const CpuSet two_three{2, 3};

api::Pod pod_with(std::vector<api::ContainerStatus> statuses) {
  api::Pod pod;
  for (const auto& status : statuses) pod.spec->containers.push_back({.name = status.name});
  pod.container_statuses = std::move(statuses);
  return pod;
}

host::CpusetValues on(const CpuSet& cpus) {
  return {cpus, {0}, cpus, {0}};
}

const host::PodTarget target{.pod = {two_three, {}}, .containers = {}};

}  // namespace

TEST_CASE("complete when every container runs on the Pod's CPUs") {
  const auto pod = pod_with({{.name = "main", .container_id = "containerd://id1", .running = true}});
  const Sight sight{two_three, {{"id1", on(two_three)}, {"sandbox", on(two_three)}}, {}};
  const auto observed = observe(pod, &sight, target, {});
  CHECK(observed.complete);
  REQUIRE(observed.containers.size() == 1);
  CHECK(observed.containers[0].name == "main");
  CHECK(observed.containers[0].cpu_set == two_three);
}

TEST_CASE("complete without those that have ended before anybody saw them") {
  const auto pod = pod_with({{.name = "main", .container_id = "containerd://id1", .running = true},
                             {.name = "once", .container_id = "containerd://id2", .terminated = true}});
  const Sight sight{two_three, {{"id1", on(two_three)}}, {}};
  const auto observed = observe(pod, &sight, target, {});
  CHECK(observed.complete);
  CHECK(observed.containers.size() == 1);
}

TEST_CASE("not complete") {
  const auto pod = pod_with({{.name = "main", .container_id = "containerd://id1", .running = true}});
  SECTION("without a cgroup") {
    CHECK_FALSE(observe(pod, nullptr, target, {}).complete);
  }
  SECTION("while a container's cgroup has not been seen") {
    const Sight sight{two_three, {}, {}};
    CHECK_FALSE(observe(pod, &sight, target, {}).complete);
  }
  SECTION("while a container is elsewhere") {
    const Sight sight{two_three, {{"id1", on({2})}}, {}};
    CHECK_FALSE(observe(pod, &sight, target, {}).complete);
  }
  SECTION("while the Pod's own cgroup is elsewhere") {
    const Sight sight{CpuSet{2}, {{"id1", on(two_three)}}, {}};
    CHECK_FALSE(observe(pod, &sight, target, {}).complete);
  }
  SECTION("while a container has not started yet") {
    auto waiting = pod;
    waiting.spec->containers.push_back({.name = "second"});
    const Sight sight{two_three, {{"id1", on(two_three)}}, {}};
    CHECK_FALSE(observe(waiting, &sight, target, {}).complete);
  }
}

TEST_CASE("a container with a narrower set is right on it and wrong on the Pod's") {
  const auto pod = pod_with({{.name = "main", .container_id = "containerd://id1", .running = true}});
  const host::PodTarget narrower{.pod = {two_three, {}}, .containers = {{"id1", {CpuSet{3}, {}}}}};
  const Sight right{two_three, {{"id1", on({3})}}, {}};
  const Sight wrong{two_three, {{"id1", on(two_three)}}, {}};
  CHECK(observe(pod, &right, narrower, {}).complete);
  CHECK_FALSE(observe(pod, &wrong, narrower, {}).complete);
}

TEST_CASE("a container that is being restarted keeps what was seen of it") {
  const auto pod = pod_with({{.name = "main", .container_id = "containerd://id1", .running = false}});
  api::PodCPUBinding::Status before;
  before.containers = {{"main", two_three, {0}}, {"gone", two_three, {0}}};
  const Sight sight{two_three, {}, {}};
  const auto observed = observe(pod, &sight, target, before);
  CHECK(observed.complete);
  REQUIRE(observed.containers.size() == 1);
  CHECK(observed.containers[0].name == "main");
}

TEST_CASE("what was seen of quotas is told") {
  const Sight sight{.pod = two_three, .quota = {true, false, true, Error{Errc::conflict, "write cpu.max"}}};
  const auto quota = observe(pod_with({}), &sight, target, {}).quota;
  CHECK((quota.looked && !quota.limited && quota.lifted));
  CHECK(quota.error.starts_with("write cpu.max"));
  CHECK_FALSE(observe(pod_with({}), nullptr, target, {}).quota.looked);
}

TEST_CASE("what was seen of a partition is told") {
  Sight sight{.pod = two_three};
  sight.partition = {true, ""};
  CHECK(observe(pod_with({}), &sight, target, {}).partition.holds);
  sight.partition = {false, "isolated invalid"};
  CHECK(observe(pod_with({}), &sight, target, {}).partition.refusal == "isolated invalid");
}

TEST_CASE("what the kernel refused is told") {
  const auto pod = pod_with({});
  const Sight sight{two_three, {}, Error{Errc::conflict, "write cpuset.cpus"}};
  CHECK(observe(pod, &sight, target, {}).error.starts_with("write cpuset.cpus"));
}

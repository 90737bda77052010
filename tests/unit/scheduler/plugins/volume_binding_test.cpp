#include "volume_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

TEST_CASE("VolumeBinding: bound volumes are used where they can be") {
  VolumeBench world;
  const auto plugin = make(make_volume_binding);
  const auto pod = with_claims("p", {"data"});
  CHECK(world.asked(*plugin, make_pod("p")) == "Skip");
  CHECK(world.asked(*plugin, pod) ==
        "UnschedulableAndUnresolvable: persistentvolumeclaim \"data\" not found");
  world.claim("data", "now");
  CHECK(world.asked(*plugin, pod) ==
        "UnschedulableAndUnresolvable: pod has unbound immediate PersistentVolumeClaims");
  world.claim("data", "now", "pv");
  CHECK(world.asked(*plugin, pod).ends_with("bound to non-existent pv(s)"));
  world.volume("pv", "now", in_zone("a"));
  CHECK(world.asked(*plugin, pod) == "Success");
  world.volume("pv", "now", in_zone("b"));
  CHECK(world.asked(*plugin, pod) ==
        "UnschedulableAndUnresolvable: node(s) didn't match PersistentVolume's node affinity");
  world.claim("data", "now", "pv", {{"status", {{"phase", "Lost"}}}});
  CHECK(world.asked(*plugin, pod).ends_with("bound to non-existent persistentvolume \"pv\""));
}

TEST_CASE("VolumeBinding: claims that wait get the smallest volume that fits, or one that is made") {
  VolumeBench world;
  const auto plugin = make(make_volume_binding);
  const auto pod = with_claims("p", {"data"});
  const auto plan = [&] {
    REQUIRE(world.asked(*plugin, pod) == "Success");
    plugin->reserve(world.state, pod, *world.snapshot.find("n"));
    return world.state.volumes;
  };
  world.claim("data", "local");
  constexpr auto* none =
      "UnschedulableAndUnresolvable: node(s) didn't find available persistent volumes to bind";
  CHECK(world.asked(*plugin, pod) == none);
  world.volume("elsewhere", "local", in_zone("b"));
  world.volume("small", "local", {{"spec", {{"capacity", {{"storage", "9Gi"}}}}}});
  world.volume("taken", "local", {{"spec", {{"claimRef", {{"namespace", "default"}, {"name", "other"}}}}}});
  CHECK(world.asked(*plugin, pod) == none);
  world.volume("large", "local", {{"spec", {{"capacity", {{"storage", "20Gi"}}}}}});
  CHECK(plan().bind.at(0).volume == "large");
  world.volume("right", "local");
  CHECK(plan().bind.at(0).volume == "right");
  world.volume(
      "kept", "local",
      {{"spec",
        {{"claimRef", {{"namespace", "default"}, {"name", "data"}}}, {"capacity", {{"storage", "30Gi"}}}}}});
  CHECK(plan().bind.at(0).volume == "kept");

  world.claim("data", "wait");
  CHECK(plan().provision == std::vector<std::string>{"default/data"});
  assume(world.storage(), plan(), "elsewhere");
  CHECK(world.asked(*plugin, pod) == none);
  assume(world.storage(), {.bind = {}, .provision = {"default/data"}}, "n");
  CHECK(plan().provision.size() == 1);
}

TEST_CASE("VolumeBinding: Pods with disks have no signature, since what the volumes are changes") {
  std::string out;
  const auto plugin = make(make_volume_binding);
  CHECK(plugin->sign(make_pod("p"), Snapshot(), out));
  CHECK_FALSE(plugin->sign(with_claims("p", {"data"}), Snapshot(), out));
}

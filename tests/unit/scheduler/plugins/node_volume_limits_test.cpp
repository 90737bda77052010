#include "volume_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

TEST_CASE("NodeVolumeLimits: a driver attaches only so many volumes") {
  VolumeBench world;
  const auto plugin = make(make_node_volume_limits);
  const auto limit = [&](int count) {
    world.add<api::CSINode>(
        {{"metadata", {{"name", "n"}}},
         {"spec", {{"drivers", {{{"name", "csi.example.com"}, {"allocatable", {{"count", count}}}}}}}}});
  };
  CHECK(world.asked(*plugin, make_pod("p")) == "Skip");
  const auto pod = with_claims("p", {"one", "two"});
  CHECK(world.asked(*plugin, pod).starts_with("UnschedulableAndUnresolvable: looking up PVC default/one: "));
  world.claim("one", "now", "pv-1");
  world.volume("pv-1", "now");
  world.claim("two", "wait");
  CHECK(world.asked(*plugin, pod) == "Success");
  limit(2);
  CHECK(world.asked(*plugin, pod) == "Success");
  limit(1);
  CHECK(world.asked(*plugin, pod) == "Unschedulable: node(s) exceed max volume count");
  // A volume that is attached already does not count again.
  limit(2);
  world.cache.upsert(on_node(with_claims("q", {"one"}), "n"));
  CHECK(world.asked(*plugin, pod) == "Success");
}

TEST_CASE("NodeVolumeLimits: Pods with disks have no signature, since what the volumes are changes") {
  std::string out;
  const auto plugin = make(make_node_volume_limits);
  CHECK(plugin->sign(make_pod("p"), Snapshot(), out));
  CHECK_FALSE(plugin->sign(with_claims("p", {"data"}), Snapshot(), out));
}

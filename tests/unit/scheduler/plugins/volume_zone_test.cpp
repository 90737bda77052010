#include "volume_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

TEST_CASE("VolumeZone: the node is where the bound volumes say they are") {
  VolumeBench world;
  const auto plugin = make(make_volume_zone);
  const auto pod = with_claims("p", {"data"});
  CHECK(world.asked(*plugin, make_pod("p")) == "Skip");
  world.claim("data", "wait");
  CHECK(world.asked(*plugin, pod) == "Skip");
  world.claim("data", "now");
  CHECK(world.asked(*plugin, pod) == "UnschedulableAndUnresolvable: PersistentVolume had no name");
  world.claim("data", "none");
  CHECK(world.asked(*plugin, pod) ==
        "UnschedulableAndUnresolvable: storageclass.storage.k8s.io \"none\" not found");
  world.claim("data", "now", "pv");
  CHECK(world.asked(*plugin, pod) == "UnschedulableAndUnresolvable: persistentvolume \"pv\" not found");
  const auto labelled_volume = [&](const char* zones) {
    world.volume("pv", "now",
                 {{"metadata", {{"labels", {{"failure-domain.beta.kubernetes.io/zone", zones}}}}}});
    return world.asked(*plugin, pod);
  };
  CHECK(labelled_volume("b__a") == "Success");
  CHECK(labelled_volume("b") == "UnschedulableAndUnresolvable: node(s) had no available volume zone");
  CHECK(labelled_volume("b____a") == "Skip");
}

TEST_CASE("VolumeZone: Pods with disks have no signature, since what the volumes are changes") {
  std::string out;
  const auto plugin = make(make_volume_zone);
  CHECK(plugin->sign(make_pod("p"), Snapshot(), out));
  CHECK_FALSE(plugin->sign(with_claims("p", {"data"}), Snapshot(), out));
}

#include "volume_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

TEST_CASE("VolumeRestrictions: a disk has one writer, a ReadWriteOncePod claim one user") {
  VolumeBench world;
  const auto plugin = make(make_volume_restrictions);
  auto pod = make_pod("p");
  CHECK(world.asked(*plugin, pod) == "Skip");
  pod.volumes = {{.name = "d", .disk = {.kind = "iscsi", .id = "iqn"}}};
  CHECK(world.asked(*plugin, pod) == "Success");
  auto other = on_node(pod, "n");
  other.meta.uid = "other";
  world.cache.upsert(other);
  CHECK(world.asked(*plugin, pod) == "Unschedulable: node(s) had no available disk");
  other.volumes[0].disk.read_only = pod.volumes[0].disk.read_only = true;
  world.cache.upsert(other);
  CHECK(world.asked(*plugin, pod) == "Success");

  CHECK(world.asked(*plugin, with_claims("q", {"data"})) ==
        "UnschedulableAndUnresolvable: persistentvolumeclaim \"data\" not found");
  world.claim("data", "now", "pv", {{"spec", {{"accessModes", {"ReadWriteOncePod"}}}}});
  CHECK(world.asked(*plugin, with_claims("q", {"data"})) == "Skip");
  world.cache.upsert(on_node(with_claims("user", {"data"}), "n"));
  CHECK(world.asked(*plugin, with_claims("q", {"data"}))
            .starts_with("Unschedulable: node(s) unavailable due to "));
}

TEST_CASE("VolumeRestrictions: Pods with disks have no signature, since what the volumes are changes") {
  std::string out;
  const auto plugin = make(make_volume_restrictions);
  CHECK(plugin->sign(make_pod("p"), Snapshot(), out));
  CHECK_FALSE(plugin->sign(with_claims("p", {"data"}), Snapshot(), out));
}

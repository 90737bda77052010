#include "hint_bench.hpp"
#include "volume_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

TEST_CASE("VolumeRestrictions: a disk has one writer, a ReadWriteOncePod claim one user") {
  VolumeBench world;
  const auto plugin = make(make_volume_restrictions);
  auto pod = make_pod("p");
  CHECK(world.asked(*plugin, pod) == "Skip");
  *pod.volumes = {{.name = "d", .disk = {.kind = "iscsi", .id = "iqn"}}};
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

TEST_CASE("VolumeRestrictions hopes for Pods with its disks or claims to go, and for its claims") {
  const HintBench bench;
  const auto plugin = make(make_volume_restrictions);
  auto waiting = make_pod("p");
  *waiting.volumes = {{.name = "a", .claim_name = "data"},
                      {.name = "b", .disk = {.kind = "awsElasticBlockStore", .id = "vol-1"}}};
  const auto with = [](api::Volume volume) {
    auto pod = on_node(make_pod("q"), "n");
    *pod.volumes = {std::move(volume)};
    return pod;
  };
  CHECK(bench.removed(*plugin, waiting, with({.name = "x", .claim_name = "data"})) == "queue");
  CHECK(bench.removed(*plugin, waiting, with({.name = "x", .claim_name = "other"})) == "skip");
  const api::Volume disk{.name = "x", .disk = {.kind = "awsElasticBlockStore", .id = "vol-1"}};
  CHECK(bench.removed(*plugin, waiting, with(disk)) == "queue");
  auto elsewhere = with(disk);
  elsewhere.meta.namespace_ = "elsewhere";
  CHECK(bench.removed(*plugin, waiting, elsewhere) == "skip");

  api::PersistentVolumeClaim claim;
  claim.meta.namespace_ = "default";
  claim.meta.name = "data";
  CHECK(bench.added(*plugin, waiting, claim) == "queue");
  CHECK(bench.updated(*plugin, waiting, claim, [](auto& c) { c.phase = "Bound"; }).empty());
  claim.meta.name = "other";
  CHECK(bench.added(*plugin, waiting, claim) == "skip");
  CHECK(bench.added(*plugin, waiting, *make_node("n")) == "queue");
}

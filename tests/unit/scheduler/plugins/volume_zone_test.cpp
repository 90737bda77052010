#include "hint_bench.hpp"
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

TEST_CASE("VolumeZone hopes for its claims, for volumes that say something else, for nodes' labels") {
  const HintBench bench;
  const auto plugin = make(make_volume_zone);
  auto waiting = make_pod("p");
  *waiting.volumes = {{.name = "a", .claim_name = "data"}};
  api::PersistentVolumeClaim claim;
  claim.meta.namespace_ = "default";
  for (const auto& [name, answer] : {std::pair("data", "queue"), std::pair("other", "skip")}) {
    claim.meta.name = name;
    CHECK(bench.added(*plugin, waiting, claim) == answer);
    CHECK(bench.updated(*plugin, waiting, claim, [](auto& c) { c.volume_name = "v"; }) == answer);
  }
  api::PersistentVolume volume;
  volume.meta.name = "v";
  const auto zone = [](const char* text) {
    return [=](api::PersistentVolume& v) { v.meta.labels["topology.kubernetes.io/zone"] = text; };
  };
  CHECK(bench.added(*plugin, waiting, volume) == "queue");
  CHECK(bench.updated(*plugin, waiting, volume, zone("a__b")) == "queue");
  CHECK(bench.updated(*plugin, waiting, volume, [](auto& v) { v.phase = "Bound"; }) == "skip");
  zone("a__b")(volume);
  CHECK(bench.updated(*plugin, waiting, volume, zone("b__a")) == "skip");
  CHECK(bench.updated(*plugin, waiting, volume, zone("a____b")) == "queue");  // which says nothing

  api::StorageClass later;
  later.meta.name = "c";
  CHECK(bench.added(*plugin, waiting, later) == "skip");
  later.waits_for_consumer = true;
  CHECK(bench.added(*plugin, waiting, later) == "queue");
  CHECK(bench.updated(*plugin, waiting, *make_node("n"), [](auto& n) { n.meta.labels["a"] = "b"; }) ==
        "queue");
}

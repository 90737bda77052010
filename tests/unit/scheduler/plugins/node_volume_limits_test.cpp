#include "hint_bench.hpp"
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

TEST_CASE("NodeVolumeLimits hopes for higher limits, and for volumes to be detached") {
  const HintBench bench;
  const auto plugin = make(make_node_volume_limits);
  auto waiting = make_pod("p");
  *waiting.volumes = {{.name = "b", .disk = {.kind = "awsElasticBlockStore", .id = "vol-1"}}};
  api::CSINode node;
  node.meta.name = "n";
  node.drivers = {{"d", 2}};
  const auto limit = [](std::optional<std::int64_t> value) {
    return [=](api::CSINode& n) { n.drivers[0].limit = value; };
  };
  CHECK(bench.added(*plugin, waiting, node) == "queue");
  CHECK(bench.updated(*plugin, waiting, node, limit(3)) == "queue");
  CHECK(bench.updated(*plugin, waiting, node, limit(1)) == "skip");
  CHECK(bench.updated(*plugin, waiting, node, limit(std::nullopt)) == "skip");
  CHECK(bench.updated(*plugin, waiting, node, [](auto& n) { n.drivers.push_back({"new", 1}); }) == "queue");

  const auto with = [](api::Volume volume, const char* on) {
    auto pod = on_node(make_pod("q"), on);
    *pod.volumes = {std::move(volume)};
    return pod;
  };
  CHECK(bench.removed(*plugin, waiting, with({.name = "x", .claim_name = "any"}, "n")) == "queue");
  CHECK(bench.removed(*plugin, waiting, with({.name = "x", .ephemeral = true}, "n")) == "queue");
  CHECK(bench.removed(*plugin, waiting, with({.name = "x", .claim_name = "any"}, "")) == "skip");
  CHECK(bench.removed(*plugin, waiting, with({.name = "x", .disk = {.kind = "iscsi"}}, "n")) == "skip");

  api::VolumeAttachment attachment;
  attachment.meta.name = "a";
  attachment.attacher = "ebs.csi.aws.com";
  CHECK(bench.removed(*plugin, waiting, attachment) == "queue");
  attachment.attacher = "other";
  CHECK(bench.removed(*plugin, waiting, attachment) == "skip");
  waiting.volumes->push_back({.name = "c", .claim_name = "data"});
  CHECK(bench.removed(*plugin, waiting, attachment) == "queue");

  api::PersistentVolumeClaim claim;
  claim.meta.namespace_ = "default";
  for (const auto& [name, answer] : {std::pair("data", "queue"), std::pair("other", "skip")}) {
    claim.meta.name = name;
    CHECK(bench.added(*plugin, waiting, claim) == answer);
  }
}

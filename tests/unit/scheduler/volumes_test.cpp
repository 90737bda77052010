#include "volumes.hpp"

#include <catch2/catch_test_macros.hpp>

#include "fixtures.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;
using Strings = std::vector<std::string>;

namespace {

api::CSINode migrated(const char* plugins) {
  api::CSINode node;
  node.meta.annotations->emplace("storage.alpha.kubernetes.io/migrated-plugins", plugins);
  return node;
}

api::Node labelled(api::StringMap labels) {
  api::Node node;
  node.meta.labels = std::move(labels);
  return node;
}

}  // namespace

TEST_CASE("a Pod's claims are those it names and those made for its ephemeral volumes") {
  auto pod = make_pod("web");
  *pod.volumes = {{.name = "a", .claim_name = "data"}, {.name = "b", .ephemeral = true}};
  REQUIRE(pod.volumes->size() == 2);
  CHECK(claim_name_of(pod, pod.volumes[0]) == "data");
  CHECK(claim_name_of(pod, pod.volumes[1]) == "web-b");
  CHECK(claim_name_of(pod, {.name = "c", .disk = {.kind = "iscsi"}}).empty());
  api::PersistentVolumeClaim claim;
  claim.meta = {.name = "web-b", .namespace_ = "default"};
  CHECK(not_made_for(pod, claim) ==
        "PVC default/web-b was not created for pod default/web (pod is not owner)");
  claim.meta.owner_references->push_back({"v1", "Pod", "web", pod.meta.uid, true});
  CHECK(not_made_for(pod, claim).empty());
}

TEST_CASE("zones are split at two underscores") {
  CHECK(split_zones("a") == Strings{"a"});
  CHECK(split_zones("a__ b __a") == Strings{"a", "b"});
  CHECK(split_zones("a____b") == Strings{"a", "b"});
  CHECK(split_zones("").empty());
  CHECK(zone_parts("a____b") == std::vector<std::string_view>{"a", "", "b"});
}

TEST_CASE("where a CSI driver has replaced an in-tree plugin, zones go by the driver's label") {
  api::PersistentVolume volume;
  volume.disk = {.kind = "awsElasticBlockStore", .id = "vol-1"};
  *volume.meta.labels = {{"failure-domain.beta.kubernetes.io/zone", "a__b"}};
  const auto by_driver = labelled({{"topology.ebs.csi.aws.com/zone", "b"}});
  const auto elsewhere = labelled({{"topology.ebs.csi.aws.com/zone", "c"}});
  const auto csi_node = migrated("kubernetes.io/aws-ebs");
  CHECK(usable_on(volume, by_driver, &csi_node));
  CHECK_FALSE(usable_on(volume, elsewhere, &csi_node));
  // Not replaced there: the labels are VolumeZone's business.
  const auto other = migrated("kubernetes.io/gce-pd");
  CHECK(usable_on(volume, elsewhere, &other));
  CHECK(usable_on(volume, elsewhere, nullptr));

  volume.node_affinity = {{{{"topology.kubernetes.io/zone", "In", {"c"}}}, {}}};
  CHECK(usable_on(volume, elsewhere, &csi_node));
  CHECK_FALSE(usable_on(volume, by_driver, &csi_node));
  CHECK_FALSE(usable_on(volume, elsewhere));
}

TEST_CASE("a disk in several zones is one region's") {
  api::PersistentVolume volume;
  volume.disk = {.kind = "gcePersistentDisk", .id = "pd"};
  const auto why = [&](const char* zones) {
    *volume.meta.labels = {{"topology.kubernetes.io/zone", zones}};
    return untranslatable(volume);
  };
  CHECK(why("here-1-a").empty());
  CHECK(why("here-1-a__here-1-b").empty());
  CHECK(why("here-1-a__there-1-b").contains("multiple or no regions"));
  CHECK(why("here-1-a__b").ends_with("expected: {locale}-{region}-{zone}, got: b"));
  volume.disk.kind = "cinder";
  CHECK(why("here-1-a__b").empty());
}

TEST_CASE("plugins are known by their disks and by their names") {
  CHECK(migration_of({.kind = "gcePersistentDisk"}).driver == "pd.csi.storage.gke.io");
  CHECK(migration_of_plugin("kubernetes.io/aws-ebs").driver == "ebs.csi.aws.com");
  CHECK(migration_of({.kind = "iscsi"}).driver.empty());
  CHECK(migration_of_plugin("csi.example.com").driver.empty());
  CHECK_FALSE(uses_disks(make_pod("p")));
}

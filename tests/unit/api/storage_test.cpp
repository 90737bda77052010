#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <actimanager/api/json_cursor.hpp>
#include <actimanager/api/storage.hpp>

using namespace actimanager;
using namespace actimanager::api;
using nlohmann::json;

TEST_CASE("a claim's class is the annotation's, else the field's; bound is what is complete") {
  json object = {{"metadata", {{"name", "data"}, {"namespace", "blue"}, {"uid", "u"}}},
                 {"spec",
                  {{"storageClassName", "fast"},
                   {"accessModes", {"ReadWriteOnce"}},
                   {"volumeName", "pv"},
                   {"resources", {{"requests", {{"storage", "1Gi"}}}}}}},
                 {"status", {{"phase", "Bound"}}}};
  auto claim = decode<PersistentVolumeClaim>(object).value();
  CHECK(claim.storage_class == "fast");
  CHECK(claim.volume_mode == "Filesystem");
  CHECK(claim.requested == Quantity::units(std::int64_t{1} << 30));
  CHECK_FALSE(claim.selector.given);
  CHECK_FALSE(claim.bound());
  object["metadata"]["annotations"] = {{"pv.kubernetes.io/bind-completed", "yes"},
                                       {"volume.beta.kubernetes.io/storage-class", "old"}};
  claim = decode<PersistentVolumeClaim>(object).value();
  CHECK(claim.bound());
  CHECK(claim.storage_class == "old");
}

TEST_CASE("a volume knows its disk and whose it is") {
  json object = {{"metadata", {{"name", "pv"}}},
                 {"spec",
                  {{"capacity", {{"storage", "5Gi"}}},
                   {"claimRef", {{"namespace", "blue"}, {"name", "data"}, {"uid", "u"}}},
                   {"csi", {{"driver", "d"}, {"volumeHandle", "h"}}}}}};
  const auto volume = decode<PersistentVolume>(object).value();
  CHECK(volume.disk == DiskSource{.kind = "csi", .id = "h", .driver = "d"});
  CHECK_FALSE(volume.node_affinity);
  PersistentVolumeClaim claim;
  claim.meta = {.name = "data", .namespace_ = "blue", .uid = "u"};
  CHECK(volume.is_of(claim));
  claim.meta.uid = "another";
  CHECK_FALSE(volume.is_of(claim));
}

TEST_CASE("what else is about storage is read as far as it counts") {
  const auto storage_class =
      decode<StorageClass>(
          {{"metadata", {{"name", "c"}}},
           {"provisioner", "p"},
           {"volumeBindingMode", "WaitForFirstConsumer"},
           {"allowedTopologies", {{{"matchLabelExpressions", {{{"key", "zone"}, {"values", {"a", "b"}}}}}}}}})
          .value();
  CHECK(storage_class.waits_for_consumer);
  CHECK(storage_class.allowed_topologies.at(0).match_label_expressions.at(0).values.size() == 2);

  const auto node =
      decode<CSINode>(
          {{"metadata",
            {{"annotations", {{"storage.alpha.kubernetes.io/migrated-plugins", "a,kubernetes.io/b"}}}}},
           {"spec", {{"drivers", {{{"name", "d"}, {"allocatable", {{"count", 3}}}}, {{"name", "e"}}}}}}})
          .value();
  CHECK(node.migrated("kubernetes.io/b"));
  CHECK_FALSE(node.migrated("kubernetes.io/c"));
  CHECK(node.drivers.at(0).limit == 3);
  CHECK_FALSE(node.drivers.at(1).limit);

  const auto capacity = decode<CSIStorageCapacity>({{"storageClassName", "c"},
                                                    {"nodeTopology", json::object()},
                                                    {"capacity", "5Gi"},
                                                    {"maximumVolumeSize", "1Gi"}});
  CHECK(capacity.value().limit == Quantity::units(std::int64_t{1} << 30));
  CHECK(decode<CSIStorageCapacity>({{"capacity", "much"}}).error().context.starts_with("capacity: "));
  CHECK(decode<CSIDriver>({{"spec", {{"storageCapacity", true}}}}).value().storage_capacity);
  const auto attachment = decode<VolumeAttachment>(
      {{"spec", {{"attacher", "d"}, {"nodeName", "n"}, {"source", {{"persistentVolumeName", "pv"}}}}}});
  CHECK(attachment.value().volume_name == "pv");
}

#include <algorithm>
#include <array>

#include <actimanager/api/disk_source.hpp>

namespace actimanager::api {
namespace {

struct KnownKind {
  std::string_view kind, id;
};
constexpr std::array known = {
    KnownKind{"csi", "volumeHandle"},
    KnownKind{"gcePersistentDisk", "pdName"},
    KnownKind{"azureDisk", "diskURI"},
    KnownKind{"awsElasticBlockStore", "volumeID"},
    KnownKind{"azureFile", "shareName"},
    KnownKind{"vsphereVolume", "volumePath"},
    KnownKind{"portworxVolume", "volumeID"},
    KnownKind{"cinder", "volumeID"},
    KnownKind{"iscsi", "iqn"},
    KnownKind{"rbd", "image"},
};

}  // namespace

DiskSource decode_disk_source(std::string_view kind, JsonCursor source) {
  const auto it = std::ranges::find(known, kind, &KnownKind::kind);
  if (it == known.end() || !source) return {};
  DiskSource disk{
      .kind = std::string(kind), .id = source[it->id].string(), .driver = source["driver"].string()};
  disk.read_only = source["readOnly"].boolean();
  if (kind == "rbd") {
    disk.pool = source["pool"].string("rbd");
    source["monitors"].each([&](JsonCursor monitor) { disk.monitors.push_back(monitor.string()); });
  }
  return disk;
}

}  // namespace actimanager::api

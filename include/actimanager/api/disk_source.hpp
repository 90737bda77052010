// DiskSource: which disk a volume is, for the kinds of which a node can attach only so many, or which only
// one Pod may write. Inline in a Pod or the source of a PersistentVolume (core/v1).
#pragma once

#include <string>
#include <vector>

#include <actimanager/api/json_cursor.hpp>

namespace actimanager::api {

struct DiskSource {
  // "csi", "gcePersistentDisk", "awsElasticBlockStore", "azureDisk", "cinder", "iscsi", "rbd"; "": none of
  // them.
  std::string kind;
  std::string id;      // volumeHandle, pdName, volumeID, diskURI, iqn, image
  std::string driver;  // of csi
  std::string pool;    // of rbd
  std::vector<std::string> monitors;
  bool read_only = false;

  bool operator==(const DiskSource&) const = default;
};

// From the member of a volume (or of a PersistentVolume's spec) that is one of those kinds.
DiskSource decode_disk_source(std::string_view kind, JsonCursor source);

}  // namespace actimanager::api

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <actimanager/api/disk_source.hpp>
#include <actimanager/api/json_cursor.hpp>

using namespace actimanager::api;

namespace {

DiskSource decode(const char* kind, const char* text) {
  const auto json = nlohmann::json::parse(text);
  const JsonDocument document(json);
  JsonReader reader(document.root());
  auto disk = decode_disk_source(kind, reader.root());
  REQUIRE_FALSE(reader.error());
  return disk;
}

}  // namespace

TEST_CASE("a disk is known by what its kind is named by") {
  CHECK(decode("csi", R"({"driver": "d", "volumeHandle": "h"})") ==
        DiskSource{.kind = "csi", .id = "h", .driver = "d"});
  CHECK(decode("gcePersistentDisk", R"({"pdName": "pd", "readOnly": true})") ==
        DiskSource{.kind = "gcePersistentDisk", .id = "pd", .read_only = true});
  CHECK(decode("azureDisk", R"({"diskURI": "/u"})").id == "/u");
  CHECK(decode("iscsi", R"({"iqn": "i"})").id == "i");
  CHECK(decode("rbd", R"({"image": "x", "monitors": ["m", "n"]})") ==
        DiskSource{.kind = "rbd", .id = "x", .pool = "rbd", .monitors = {"m", "n"}});
}

TEST_CASE("what is no disk, or absent, is none") {
  CHECK(decode("emptyDir", "{}").kind.empty());
  CHECK(decode("nfs", R"({"path": "/"})").kind.empty());
  CHECK(decode("csi", "null").kind.empty());
}

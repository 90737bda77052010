#include <set>

#include <catch2/catch_test_macros.hpp>

#include <actimanager/scheduler/storage.hpp>

using namespace actimanager;
using namespace actimanager::scheduler;

namespace {

std::shared_ptr<api::PersistentVolumeClaim> claim(const char* name) {
  auto claim = std::make_shared<api::PersistentVolumeClaim>();
  claim->meta = {.name = name, .namespace_ = "default", .uid = name};
  return claim;
}

}  // namespace

TEST_CASE("objects are found by namespace and name, and replaced by newer ones") {
  Storage storage;
  storage.claims.set(claim("a"));
  REQUIRE(storage.claims.find("default/a") != nullptr);
  auto newer = claim("a");
  newer->volume_name = "pv";
  storage.claims.set(newer);
  CHECK(storage.claims.find("default/a")->volume_name == "pv");
  storage.claims.remove("default/a");
  storage.claims.remove("default/b");
  CHECK(storage.claims.find("default/a") == nullptr);
}

TEST_CASE("volumes are found by what they are reserved for, or by their class while they are free") {
  Storage storage;
  const auto wanted = claim("a");
  const auto volume = [](const char* name, const char* storage_class) {
    api::PersistentVolume volume;
    volume.meta.name = name;
    volume.storage_class = storage_class;
    return volume;
  };
  const auto set = [&](const api::PersistentVolume& volume) {
    storage.volumes.set(std::make_shared<const api::PersistentVolume>(volume));
  };
  const auto names = [&](const std::string& group) {
    std::set<std::string> names;
    for (const auto* volume : storage.volumes.group(group)) names.insert(volume->meta.name);
    return names;
  };
  using Names = std::set<std::string>;
  auto first = volume("v1", "fast");
  set(first);
  set(volume("v2", "fast"));
  set(volume("v3", ""));
  CHECK(names(volumes_free_in("fast")) == Names{"v1", "v2"});
  CHECK(names(volumes_free_in("")) == Names{"v3"});
  first.claim = {"default", "a", ""};
  set(first);
  CHECK(names(volumes_free_in("fast")) == Names{"v2"});
  CHECK(names(volumes_reserved_for(*wanted)) == Names{"v1"});
  const auto copy = storage;
  storage.volumes.remove("v1");
  storage.volumes.remove("v2");
  CHECK(names(volumes_free_in("fast")).empty());
  CHECK(names(volumes_reserved_for(*wanted)).empty());
  CHECK(copy.volumes.group(volumes_reserved_for(*wanted)).size() == 1);
}

TEST_CASE("a plan under way takes its volumes, and means its claims for the node") {
  Storage storage;
  storage.claims.set(claim("static"));
  storage.claims.set(claim("made"));
  auto volume = std::make_shared<api::PersistentVolume>();
  volume->meta.name = "pv";
  storage.volumes.set(volume);
  assume(storage,
         {.bind = {{"default/static", "pv"}, {"default/gone", "none"}}, .provision = {"default/made"}}, "n1");
  CHECK(storage.volumes.find("pv")->is_of(*storage.claims.find("default/static")));
  const auto* node =
      storage.claims.find("default/made")->meta.annotation(api::PersistentVolumeClaim::selected_node);
  REQUIRE(node != nullptr);
  CHECK(*node == "n1");
  // What others hold of it is as it was.
  CHECK_FALSE(volume->claim);
}

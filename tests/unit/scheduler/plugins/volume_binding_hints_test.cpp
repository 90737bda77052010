#include "hint_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

namespace {

template <class T>
T named(const char* name) {
  T object;
  object.meta.name = name;
  return object;
}

api::PersistentVolumeClaim claim(const char* name, const char* space = "default") {
  auto object = named<api::PersistentVolumeClaim>(name);
  object.meta.namespace_ = space;
  return object;
}

struct Binding : HintBench {
  std::unique_ptr<Plugin> plugin = make(make_volume_binding);
  api::Pod waiting = make_pod("p");
  Binding() {
    *waiting.volumes = {{.name = "a", .claim_name = "data"},
                        {.name = "b", .ephemeral = true},
                        {.name = "c", .disk = {.kind = "csi", .driver = "csi.example.com"}}};
  }
};

}  // namespace

TEST_CASE("volumes: the Pod's own claims, any volume, any node") {
  const Binding bench;
  const auto& plugin = *bench.plugin;
  const auto bound = [](auto& object) { object.meta.annotations["a"] = "b"; };
  CHECK(bench.added(plugin, bench.waiting, claim("data")) == "queue");
  CHECK(bench.updated(plugin, bench.waiting, claim("data"), bound) == "queue");
  CHECK(bench.removed(plugin, bench.waiting, claim("data")).empty());
  CHECK(bench.added(plugin, bench.waiting, claim("p-b")) == "queue");  // of its ephemeral volume
  CHECK(bench.added(plugin, bench.waiting, claim("other")) == "skip");
  CHECK(bench.added(plugin, bench.waiting, claim("data", "elsewhere")) == "skip");
  const auto volume = named<api::PersistentVolume>("v");
  CHECK(bench.added(plugin, bench.waiting, volume) == "queue");
  CHECK(bench.updated(plugin, bench.waiting, volume, bound) == "queue");
  CHECK(bench.removed(plugin, bench.waiting, volume).empty());
  CHECK(bench.added(plugin, bench.waiting, *make_node("n")) == "queue");
}

TEST_CASE("volumes: where they can be made") {
  const Binding bench;
  const auto& plugin = *bench.plugin;
  const auto storage_class = named<api::StorageClass>("fast");
  CHECK(bench.added(plugin, bench.waiting, storage_class) == "queue");
  const auto in_zone = [](api::StorageClass& object) {
    object.allowed_topologies = {{{{"zone", "In", {"a"}}}}};
  };
  CHECK(bench.updated(plugin, bench.waiting, storage_class, in_zone) == "queue");
  CHECK(bench.updated(plugin, bench.waiting, storage_class, [](auto& c) { c.provisioner = "x"; }) == "skip");

  auto capacity = named<api::CSIStorageCapacity>("here");
  capacity.limit = *Quantity::parse("1Gi");
  const auto limit = [](std::optional<Quantity> amount) {
    return [=](api::CSIStorageCapacity& object) { object.limit = amount; };
  };
  CHECK(bench.added(plugin, bench.waiting, capacity) == "queue");
  CHECK(bench.updated(plugin, bench.waiting, capacity, limit(*Quantity::parse("2Gi"))) == "queue");
  CHECK(bench.updated(plugin, bench.waiting, capacity, limit(*Quantity::parse("1Mi"))) == "skip");
  CHECK(bench.updated(plugin, bench.waiting, capacity, limit(std::nullopt)) == "skip");
  capacity.limit.reset();
  CHECK(bench.updated(plugin, bench.waiting, capacity, limit(*Quantity::parse("1"))) == "queue");
}

TEST_CASE("volumes: drivers") {
  const Binding bench;
  const auto& plugin = *bench.plugin;
  const auto csi_node = named<api::CSINode>("n");
  constexpr auto migrated = "storage.alpha.kubernetes.io/migrated-plugins";
  CHECK(bench.added(plugin, bench.waiting, csi_node) == "queue");
  CHECK(bench.updated(plugin, bench.waiting, csi_node,
                      [](auto& n) { (*n.meta.annotations)[migrated] = "x"; }) == "queue");
  CHECK(bench.updated(plugin, bench.waiting, csi_node, [](auto& n) { n.drivers.push_back({"d", 1}); }) ==
        "skip");

  for (const auto& [name, answer] : {std::pair("csi.example.com", "queue"), std::pair("other", "skip")}) {
    auto driver = named<api::CSIDriver>(name);
    CHECK(bench.updated(plugin, bench.waiting, driver, [](auto& d) { d.storage_capacity = true; }) == "skip");
    driver.storage_capacity = true;
    CHECK(bench.updated(plugin, bench.waiting, driver, [](auto& d) { d.storage_capacity = false; }) ==
          answer);
  }
}

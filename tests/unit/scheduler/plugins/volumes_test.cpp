// The four plugins that look at volumes.
#include <actimanager/api/storage.hpp>

#include "plugin_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;
using nlohmann::json;

namespace {

// One node "n" in zone a; claims, volumes and classes by their JSON.
struct World {
  Cache cache;
  Snapshot snapshot;
  CycleState state;

  World() {
    cache.upsert(std::shared_ptr<const api::Node>(labelled("n", {{"topology.kubernetes.io/zone", "a"}})));
    add<api::StorageClass>({{"metadata", {{"name", "wait"}}},
                            {"provisioner", "csi.example.com"},
                            {"volumeBindingMode", "WaitForFirstConsumer"}});
    add<api::StorageClass>({{"metadata", {{"name", "now"}}}, {"provisioner", "csi.example.com"}});
    add<api::StorageClass>({{"metadata", {{"name", "local"}}},
                            {"provisioner", "kubernetes.io/no-provisioner"},
                            {"volumeBindingMode", "WaitForFirstConsumer"}});
  }

  void set(std::shared_ptr<const api::PersistentVolumeClaim> claim) {
    storage().claims.set(std::move(claim));
  }
  void set(std::shared_ptr<const api::PersistentVolume> volume) { storage().volumes.set(std::move(volume)); }
  void set(std::shared_ptr<const api::StorageClass> c) { storage().classes.set(std::move(c)); }
  void set(std::shared_ptr<const api::CSINode> node) { storage().nodes.set(std::move(node)); }
  Storage& storage() { return cache.objects().storage(); }
  template <class T>
  void add(const json& object) {
    set(std::make_shared<const T>(value_or_throw(T::decode(object))));
  }

  void claim(const char* name, const char* storage_class, const char* volume = "",
             json more = json::object()) {
    json object = {{"metadata", {{"name", name}, {"namespace", "default"}, {"uid", name}}},
                   {"spec",
                    {{"storageClassName", storage_class},
                     {"accessModes", {"ReadWriteOnce"}},
                     {"resources", {{"requests", {{"storage", "10Gi"}}}}}}}};
    if (*volume != '\0') {
      object["spec"]["volumeName"] = volume;
      object["metadata"]["annotations"] = {{"pv.kubernetes.io/bind-completed", "yes"}};
    }
    object.merge_patch(more);
    add<api::PersistentVolumeClaim>(object);
  }
  void volume(const char* name, const char* storage_class, json more = json::object()) {
    json object = {{"metadata", {{"name", name}}},
                   {"spec",
                    {{"storageClassName", storage_class},
                     {"accessModes", {"ReadWriteOnce"}},
                     {"capacity", {{"storage", "10Gi"}}},
                     {"csi", {{"driver", "csi.example.com"}, {"volumeHandle", name}}}}},
                   {"status", {{"phase", "Available"}}}};
    object.merge_patch(more);
    add<api::PersistentVolume>(object);
  }

  std::string asked(const Plugin& plugin, const api::Pod& pod) {
    cache.update(snapshot);
    state = {};
    auto status = plugin.pre_filter(state, pod, snapshot).status;
    if (status.ok()) status = plugin.filter(state, pod, *snapshot.find("n"));
    return verdict(status);
  }
};

api::Pod with_claims(const char* name, std::initializer_list<const char*> claims) {
  auto pod = make_pod(name);
  for (const auto* claim : claims) pod.volumes.push_back({.name = claim, .claim_name = claim});
  return pod;
}

json in_zone(const char* zone) {
  return {
      {"spec",
       {{"nodeAffinity",
         {{"required",
           {{"nodeSelectorTerms",
             {{{"matchExpressions",
                {{{"key", "topology.kubernetes.io/zone"}, {"operator", "In"}, {"values", {zone}}}}}}}}}}}}}}};
}

}  // namespace

TEST_CASE("VolumeRestrictions: a disk has one writer, a ReadWriteOncePod claim one user") {
  World world;
  const auto plugin = make(make_volume_restrictions);
  auto pod = make_pod("p");
  CHECK(world.asked(*plugin, pod) == "Skip");
  pod.volumes = {{.name = "d", .disk = {.kind = "iscsi", .id = "iqn"}}};
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

TEST_CASE("VolumeZone: the node is where the bound volumes say they are") {
  World world;
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

TEST_CASE("NodeVolumeLimits: a driver attaches only so many volumes") {
  World world;
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

TEST_CASE("VolumeBinding: bound volumes are used where they can be") {
  World world;
  const auto plugin = make(make_volume_binding);
  const auto pod = with_claims("p", {"data"});
  CHECK(world.asked(*plugin, make_pod("p")) == "Skip");
  CHECK(world.asked(*plugin, pod) ==
        "UnschedulableAndUnresolvable: persistentvolumeclaim \"data\" not found");
  world.claim("data", "now");
  CHECK(world.asked(*plugin, pod) ==
        "UnschedulableAndUnresolvable: pod has unbound immediate PersistentVolumeClaims");
  world.claim("data", "now", "pv");
  CHECK(world.asked(*plugin, pod).ends_with("bound to non-existent pv(s)"));
  world.volume("pv", "now", in_zone("a"));
  CHECK(world.asked(*plugin, pod) == "Success");
  world.volume("pv", "now", in_zone("b"));
  CHECK(world.asked(*plugin, pod) ==
        "UnschedulableAndUnresolvable: node(s) didn't match PersistentVolume's node affinity");
  world.claim("data", "now", "pv", {{"status", {{"phase", "Lost"}}}});
  CHECK(world.asked(*plugin, pod).ends_with("bound to non-existent persistentvolume \"pv\""));
}

TEST_CASE("VolumeBinding: claims that wait get the smallest volume that fits, or one that is made") {
  World world;
  const auto plugin = make(make_volume_binding);
  const auto pod = with_claims("p", {"data"});
  const auto plan = [&] {
    REQUIRE(world.asked(*plugin, pod) == "Success");
    plugin->reserve(world.state, pod, *world.snapshot.find("n"));
    return world.state.volumes;
  };
  world.claim("data", "local");
  constexpr auto* none =
      "UnschedulableAndUnresolvable: node(s) didn't find available persistent volumes to bind";
  CHECK(world.asked(*plugin, pod) == none);
  world.volume("elsewhere", "local", in_zone("b"));
  world.volume("small", "local", {{"spec", {{"capacity", {{"storage", "9Gi"}}}}}});
  world.volume("taken", "local", {{"spec", {{"claimRef", {{"namespace", "default"}, {"name", "other"}}}}}});
  CHECK(world.asked(*plugin, pod) == none);
  world.volume("large", "local", {{"spec", {{"capacity", {{"storage", "20Gi"}}}}}});
  CHECK(plan().bind.at(0).volume == "large");
  world.volume("right", "local");
  CHECK(plan().bind.at(0).volume == "right");
  world.volume(
      "kept", "local",
      {{"spec",
        {{"claimRef", {{"namespace", "default"}, {"name", "data"}}}, {"capacity", {{"storage", "30Gi"}}}}}});
  CHECK(plan().bind.at(0).volume == "kept");

  world.claim("data", "wait");
  CHECK(plan().provision == std::vector<std::string>{"default/data"});
  assume(world.storage(), plan(), "elsewhere");
  CHECK(world.asked(*plugin, pod) == none);
  assume(world.storage(), {.bind = {}, .provision = {"default/data"}}, "n");
  CHECK(plan().provision.size() == 1);
}

TEST_CASE("Pods with disks have no signature: what the volumes are changes") {
  std::string out;
  for (const auto factory :
       {make_volume_restrictions, make_volume_zone, make_node_volume_limits, make_volume_binding}) {
    CHECK(make(factory)->sign(make_pod("p"), Snapshot(), out));
    CHECK_FALSE(make(factory)->sign(with_claims("p", {"data"}), Snapshot(), out));
  }
}

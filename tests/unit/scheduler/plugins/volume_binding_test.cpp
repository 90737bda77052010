#include "volume_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

TEST_CASE("VolumeBinding: bound volumes are used where they can be") {
  VolumeBench world;
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
  VolumeBench world;
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

TEST_CASE("VolumeBinding: the volume controllers have as long as its arguments give them") {
  const auto timeout = [](const json& args) {
    VolumeBench world;
    world.claim("data", "wait");
    const auto plugin = make(make_volume_binding, args);
    const auto pod = with_claims("p", {"data"});
    REQUIRE(world.asked(*plugin, pod) == "Success");
    plugin->reserve(world.state, pod, *world.snapshot.find("n"));
    return world.state.volumes.timeout;
  };
  CHECK(timeout(nullptr) == std::chrono::seconds(600));
  CHECK(timeout({{"bindTimeoutSeconds", 0}}) == std::chrono::seconds(0));
  CHECK(timeout({{"bindTimeoutSeconds", 7}}) == std::chrono::seconds(7));
}

TEST_CASE("VolumeBinding: volumes and room for nodes with a label are there for those alone") {
  VolumeBench world;
  const auto plugin = make(make_volume_binding);
  const auto pod = with_claims("p", {"data"});
  const auto outcome = [&] {
    const auto said = world.asked(*plugin, pod);
    if (said != "Success") return said.substr(said.find(": ") + 2);
    plugin->reserve(world.state, pod, *world.snapshot.find("n"));
    const auto& plan = world.state.volumes;
    return plan.bind.empty() ? "provisioned" : plan.bind[0].volume;
  };
  const auto zones = [](json values) {
    auto object = in_zone("a");
    object["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"][0]["matchExpressions"][0]["values"] =
        std::move(values);
    return object;
  };
  world.claim("data", "local");
  constexpr auto* none = "node(s) didn't find available persistent volumes to bind";
  for (int i = 0; i < 3; ++i) world.volume(("b" + std::to_string(i)).c_str(), "local", zones({"b", "c"}));
  CHECK(outcome() == none);
  world.volume("two", "local", zones({"b", "a"}));
  CHECK(outcome() == "two");
  world.volume("anywhere", "local");
  CHECK(outcome() == "anywhere");
  // Any of two terms.
  auto either = in_zone("b");
  auto& terms = either["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"];
  terms.push_back(in_zone("a")["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"][0]);
  world.volume("among", "local", either);
  CHECK(outcome() == "among");

  // The second requirement counts, too.
  auto both = in_zone("a");
  both["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"][0]["matchExpressions"].push_back(
      {{"key", "topology.kubernetes.io/zone"}, {"operator", "NotIn"}, {"values", {"a"}}});
  world.volume("abc", "local", both);
  CHECK(outcome() == "among");

  world.claim("data", "wait");
  CHECK(outcome() == "provisioned");
  world.add<api::CSIDriver>(
      {{"metadata", {{"name", "csi.example.com"}}}, {"spec", {{"storageCapacity", true}}}});
  constexpr auto* no_room = "node(s) did not have enough free storage";
  CHECK(outcome() == no_room);
  const auto room = [&](const char* name, json node_topology, const char* limit) {
    world.add<api::CSIStorageCapacity>({{"metadata", {{"name", name}, {"namespace", "csi"}}},
                                        {"storageClassName", "wait"},
                                        {"nodeTopology", std::move(node_topology)},
                                        {"maximumVolumeSize", limit}});
  };
  const auto in = [](const char* zone) {
    return json{{"matchLabels", {{"topology.kubernetes.io/zone", zone}}}};
  };
  room("b", in("b"), "100Gi");
  room("small", in("a"), "9Gi");
  room("nowhere", nullptr, "100Gi");
  CHECK(outcome() == no_room);
  room("a", in("a"), "10Gi");
  CHECK(outcome() == "provisioned");
}

TEST_CASE("VolumeBinding: Pods with disks have no signature, since what the volumes are changes") {
  std::string out;
  const auto plugin = make(make_volume_binding);
  CHECK(plugin->sign(make_pod("p"), Snapshot(), out));
  CHECK_FALSE(plugin->sign(with_claims("p", {"data"}), Snapshot(), out));
}

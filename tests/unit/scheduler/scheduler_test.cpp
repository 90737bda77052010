// Whole decisions on small named clusters.
#include <functional>
#include <set>
#include <type_traits>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <actimanager/scheduler/scheduler.hpp>

#include "fixtures.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;
using Level = api::ExclusivenessLevel;

namespace {

struct Cluster {
  Cache cache;
  Snapshot snapshot;
  Scheduler scheduler;

  explicit Cluster(Config config = default_config()) : scheduler(std::move(config)) {}

  void add(const std::string& name, std::shared_ptr<const topology::Topology> machine, CpuSet reserved = {}) {
    auto node = *make_node(name, std::to_string(machine->cpus().size()).c_str());
    node.meta.labels->emplace("name", name);
    cache.upsert(std::make_shared<const api::Node>(std::move(node)));
    cache.upsert(make_topology(name, std::move(machine), std::move(reserved)));
  }
  Decision decide(const api::Pod& pod) {
    cache.update(snapshot);
    return scheduler.schedule_one(pod, snapshot);
  }
  Decision place(const api::Pod& pod) {
    auto decision = decide(pod);
    if (decision.placed()) cache.assume(pod, decision.node, decision.placement);
    return decision;
  }
};

Config with_args(const char* policy, std::vector<std::string> features = {}) {
  nlohmann::json document = {
      {"apiVersion", "kubescheduler.config.k8s.io/v1"},
      {"kind", "KubeSchedulerConfiguration"},
      {"profiles",
       {{{"schedulerName", "maestro"},
         {"plugins",
          {{"multiPoint", {{"enabled", {{{"name", "WorkloadAware"}}, {{"name", "PodIsolation"}}}}}}}},
         {"pluginConfig",
          {{{"name", "WorkloadAware"}, {"args", {{"policy", policy}, {"features", features}}}}}}}}}};
  return value_or_throw(parse_config(document));
}

std::string cpus(const Decision& decision) {
  return decision.placement ? decision.placement->cpus.to_string() : "none";
}

}  // namespace

TEST_CASE("each workload class gets its shape") {
  struct Row {
    const char* workload;
    const char* cpu;
    const char* cpus;
    Level level;
  };
  const auto check = [](Cluster& cluster, const std::vector<Row>& rows) {
    cluster.add("n1", make_machine(2, 4, 2));
    for (const auto& row : rows) {
      INFO(row.workload);
      const auto decision = cluster.decide(make_class_pod("p", row.workload, row.cpu));
      REQUIRE(decision.placed());
      CHECK(cpus(decision) == row.cpus);
      CHECK(decision.placement->level == row.level);
    }
  };
  SECTION("without features") {
    Cluster cluster;
    check(cluster, {{"memory-bound", "4", "0-1,4-5", Level::cpu},
                    {"cpu-bound", "3500m", "0-3", Level::cpu},
                    {"io-bound", "3", "0-1,8", Level::cpu},
                    {"best-effort", "4", "0", Level::cpu},
                    {"", "1", "0", Level::cpu}});
  }
  SECTION("with all features") {
    Cluster cluster(
        with_args("Balanced", {"PhysicalCores", "MemoryBoundExclusiveSockets", "BestEffortSharedCPUs"}));
    check(cluster, {{"memory-bound", "4", "0-3", Level::socket},
                    {"cpu-bound", "2", "0-1", Level::core},
                    {"io-bound", "3", "0-1,8", Level::core},
                    {"best-effort", "1", "0", Level::none}});
  }
}

TEST_CASE("the annotation's level replaces the class's, its shape stays") {
  Cluster cluster;
  cluster.add("n1", make_machine(2, 4, 2));
  auto pod = make_class_pod("p", "io-bound", "3");
  pod.meta.annotations->emplace(api::exclusiveness_level_annotation, "NUMA");
  const auto decision = cluster.place(pod);
  CHECK(cpus(decision) == "0-1,8");
  CHECK(decision.placement->level == Level::numa);

  auto second = make_class_pod("q", "cpu-bound", "1");
  second.meta.annotations->emplace(api::exclusiveness_level_annotation, "Socket");
  const auto refused = cluster.decide(second);
  CHECK(why(refused) == "0/1 nodes are available: 1 node(s) needed 1 CPU for the shared pool.");
}

TEST_CASE("the policy says which node") {
  const auto place_ten = [](const char* policy) {
    Cluster cluster(with_args(policy));
    for (int i = 0; i < 10; ++i) cluster.add("n" + std::to_string(i), make_machine(2, 16, 2));
    std::set<std::string> used;
    for (int i = 0; i < 10; ++i) {
      used.insert(cluster.place(make_class_pod("p" + std::to_string(i), "cpu-bound", "2")).node);
    }
    return used.size();
  };
  CHECK(place_ten("MaximumUtilization") == 1);
  CHECK(place_ten("PolicyMaximumUtilization") == 1);
  CHECK(place_ten("Balanced") == 10);
  CHECK(place_ten("PolicyBalanced") == 10);
}

TEST_CASE("why a Pod goes nowhere is said in kube-scheduler's words") {
  Cluster cluster;
  CHECK(why(cluster.decide(make_pod("p"))) == "no nodes available to schedule pods");
  CHECK(rejected_by(cluster.decide(make_pod("p"))).empty());

  for (int i = 0; i < 3; ++i) {
    auto node = make_node("tainted" + std::to_string(i));
    node->taints.push_back({"key", "value", "NoSchedule"});
    cluster.cache.upsert(node);
  }
  cluster.cache.upsert(make_node("small0", "1"));
  cluster.cache.upsert(make_node("small1", "1", "1Gi"));
  auto decision = cluster.decide(make_pod("p", "2", "2Gi"));
  CHECK_FALSE(decision.placed());
  CHECK_FALSE(decision.error);
  CHECK(why(decision) ==
        "0/5 nodes are available: 1 Insufficient memory, 2 Insufficient cpu, 3 node(s) had untolerated "
        "taint(s).");
  CHECK(rejected_by(decision) == std::vector<std::string>{"TaintToleration", "NodeResourcesFit"});

  // A node that has the room but that nobody has described cannot take the Pod's CPUs.
  cluster.cache.upsert(make_node("plain"));
  decision = cluster.decide(make_pod("p", "2", "2Gi"));
  CHECK(
      why(decision) ==
      "0/6 nodes are available: 1 Insufficient memory, 1 node(s) had no CPU topology, 2 Insufficient cpu, 3 "
      "node(s) had untolerated taint(s).");
}

TEST_CASE("what cannot be kept is refused by its field") {
  Cluster cluster;
  cluster.add("n1", make_machine(1, 4, 2));
  struct Row {
    std::function<void(api::Pod&)> use;
    const char* field;
  };
  const Row rows[] = {
      {[](api::Pod& p) { p.spec->has_resource_claims = true; }, "spec.resourceClaims"},
  };
  for (const auto& row : rows) {
    auto pod = make_pod("p", "1");
    row.use(pod);
    const auto decision = cluster.decide(pod);
    CHECK_FALSE(decision.placed());
    CHECK(why(decision) == std::string("0/1 nodes are available: pod uses ") + row.field +
                               ", which this scheduler does not support.");
    CHECK(rejected_by(decision) == std::vector<std::string>{"DynamicResources"});
  }
  auto harmless = make_pod("p", "1");
  *harmless.volumes = {{.name = "a"}, {.name = "b", .disk = {.kind = "iscsi", .id = "iqn"}}};
  CHECK(cluster.decide(harmless).placed());
}

TEST_CASE("nonsense in label and annotation is refused by name") {
  Cluster cluster;
  cluster.add("n1", make_machine(1, 4, 2));
  CHECK(why(cluster.decide(make_class_pod("p", "gpu-bound", "1"))) ==
        "0/1 nodes are available: label cslab.ece.ntua.gr/workload-type: \"gpu-bound\" is not one of "
        "memory-bound, "
        "cpu-bound, io-bound, best-effort.");
  auto pod = make_pod("p", "1");
  pod.meta.annotations->emplace(api::exclusiveness_level_annotation, "Rack");
  CHECK(why(cluster.decide(pod)) ==
        "0/1 nodes are available: annotation cslab.ece.ntua.gr/exclusiveness-level: \"Rack\" is not one of "
        "None, CPU, "
        "Core, Socket, NUMA.");
}

TEST_CASE("a profile without CPU plugins places Pods without CPUs") {
  Cluster cluster(
      value_or_throw(parse_config_text("apiVersion: kubescheduler.config.k8s.io/v1\n"
                                       "kind: KubeSchedulerConfiguration\n"
                                       "profiles: [{schedulerName: maestro}]\n")));
  cluster.cache.upsert(make_node("n1"));
  const auto decision = cluster.decide(make_pod("p", "2"));
  CHECK(decision.node == "n1");
  CHECK_FALSE(decision.placement);
}

TEST_CASE("a Pod on a node asks for what it was resized to, at the level it has") {
  Cluster cluster;
  cluster.add("n1", make_machine(2, 4, 2));
  auto pod = on_node(make_class_pod("p", "memory-bound", "6"), "n1");
  cluster.cache.upsert(pod);
  cluster.cache.upsert(make_binding(pod, "n1", "0,4", Level::none));
  cluster.cache.update(cluster.snapshot);
  const auto& node = *cluster.snapshot.find("n1");
  auto request = cluster.scheduler.request_on(pod, node, Level::none);
  REQUIRE(request);
  CHECK(request->shape == allocator::Shape::spread);
  CHECK(request->level == Level::none);
  CHECK(request->cpus == 6);
  CHECK(request->min_pool == 6);  // its own request, counted once
  pod.meta.labels->insert_or_assign(std::string(api::workload_type_label), "best-effort");
  CHECK(cluster.scheduler.request_on(pod, node, Level::cpu)->cpus == 1);
}

TEST_CASE("Pods of other schedulers keep the CPUs they ask for in the shared pool") {
  Cluster cluster;
  cluster.add("n1", make_machine(1, 4, 2));
  cluster.cache.upsert(on_node(make_pod("other", "4500m"), "n1"));
  CHECK(cluster.decide(make_class_pod("p", "io-bound", "3")).placed());
  auto whole_cores = make_class_pod("p", "cpu-bound", "2");
  whole_cores.meta.annotations->emplace(api::exclusiveness_level_annotation, "Core");
  CHECK(why(cluster.decide(whole_cores)) ==
        "0/1 nodes are available: 1 node(s) needed 5 CPUs for the shared pool.");
  // Once that Pod has CPUs of its own it needs none of the pool's.
  cluster.cache.upsert(make_binding(make_pod("other"), "n1", "0-2,4-5", Level::cpu));
  CHECK(cluster.decide(make_class_pod("p", "io-bound", "2")).placed());
}

TEST_CASE("reserved CPUs are left alone") {
  Cluster cluster;
  cluster.add("n1", make_machine(1, 4, 2), {0, 4});
  CHECK(cpus(cluster.decide(make_class_pod("p", "cpu-bound", "3"))) == "1-3");
  CHECK(why(cluster.decide(make_class_pod("p", "cpu-bound", "4"))) ==
        "0/1 nodes are available: 1 node(s) had no 4 idle physical cores.");
}

TEST_CASE("affinity to nodes by name asks those nodes alone") {
  Cluster cluster;
  for (const auto* name : {"a", "b", "c"}) cluster.add(name, make_machine(1, 4, 2));
  auto pod = make_pod("p", "1");
  pod.node_affinity->required = {{.match_expressions = {}, .match_fields = {{"metadata.name", "In", {"b"}}}}};
  CHECK(cluster.decide(pod).node == "b");
  pod.node_affinity->required = {{.match_expressions = {}, .match_fields = {{"metadata.name", "In", {"z"}}}}};
  CHECK(why(cluster.decide(pod)) ==
        "0/3 nodes are available: 3 node(s) didn't satisfy plugin(s) [NodeAffinity].");
}

TEST_CASE("a preference that nobody can read fails the decision only where there is a choice") {
  Cluster cluster;
  cluster.add("a", make_machine(1, 4, 2));
  auto pod = make_pod("p", "1");
  pod.node_affinity->preferred = {{1, {{{"zone", "Near", {}}}, {}}}};
  CHECK(cluster.decide(pod).node == "a");
  cluster.add("b", make_machine(1, 4, 2));
  const auto decision = cluster.decide(pod);
  CHECK_FALSE(decision.placed());
  CHECK(decision.error);
  CHECK(decision.message.starts_with(
      "plugin NodeAffinity: matchExpressions[0].operator: \"Near\" is not one of"));
  pod.spec->containers[0].requests = resources({{"cpu", "900"}});
  CHECK(why(cluster.decide(pod)) == "0/2 nodes are available: 2 Insufficient cpu.");
}

TEST_CASE("ties go by the Pod's UID, always the same way") {
  std::set<std::string> used;
  for (int i = 0; i < 40; ++i) {
    Cluster cluster;
    Cluster again;
    for (const auto* name : {"a", "b", "c", "d"}) cluster.add(name, make_machine(1, 4, 2));
    for (const auto* name : {"d", "b", "a", "c"}) again.add(name, make_machine(1, 4, 2));
    const auto pod = make_pod("p" + std::to_string(i), "1");
    const auto decision = cluster.decide(pod);
    CHECK(again.decide(pod).node == decision.node);
    used.insert(decision.node);
  }
  CHECK(used.size() == 4);
}

TEST_CASE("decisions follow what the cache learns") {
  Cluster cluster;
  cluster.add("a", make_machine(1, 2, 1));
  const auto pod = make_class_pod("p", "cpu-bound", "1");
  const auto next = make_class_pod("q", "cpu-bound", "1");
  CHECK(cpus(cluster.place(pod)) == "0");
  CHECK(why(cluster.decide(next)) == "0/1 nodes are available: 1 node(s) needed 1 CPU for the shared pool.");
  cluster.add("b", make_machine(1, 2, 1));
  CHECK(cluster.decide(next).node == "b");
  cluster.cache.remove_node("b");
  CHECK_FALSE(cluster.decide(next).placed());
  cluster.cache.forget(pod.meta.uid);
  CHECK(cluster.decide(next).node == "a");
  cluster.cache.remove_topology("a");
  CHECK(why(cluster.decide(next)) == "0/1 nodes are available: 1 node(s) had no CPU topology.");
}

TEST_CASE("the first decision for a kind of Pod can be made in parts") {
  Cluster cluster;
  for (const auto* name : {"a", "b", "c", "d", "e"}) cluster.add(name, make_machine(1, 4, 1));
  const auto pod = make_class_pod("p", "cpu-bound", "2");
  const auto part = [&] {
    cluster.cache.update(cluster.snapshot);
    return cluster.scheduler.schedule_one(pod, cluster.snapshot, 2);
  };
  CHECK_FALSE(part());
  CHECK_FALSE(part());
  // What was looked at and what was not changes meanwhile: "b" alone keeps room.
  for (const auto* name : {"a", "c", "d", "e"}) {
    const auto other = make_class_pod(std::string("on-") + name, "cpu-bound", "3");
    cluster.cache.assume(other, name, allocator::Placement{{0, 1, 2}, api::ExclusivenessLevel::cpu});
  }
  const auto decision = part();
  REQUIRE(decision);
  CHECK(decision->node == "b");
  CHECK(decision->feasible_nodes == 1);
  CHECK(part());
  // Where a Node comes, it begins anew.
  cluster.add("f", make_machine(1, 4, 1));
  CHECK_FALSE(part());
}

TEST_CASE("a Pod with claims is decided about in parts, anew where what is stored changes meanwhile") {
  Cluster cluster;
  for (const auto* name : {"a", "b", "c", "d", "e"}) cluster.add(name, make_machine(1, 4, 1));
  const auto decoded = []<class T>(std::type_identity<T>, const nlohmann::json& object) {
    return std::make_shared<const T>(value_or_throw(api::decode<T>(object)));
  };
  const auto disk_on = [&](const char* node) {
    return decoded(
        std::type_identity<api::PersistentVolume>(),
        {{"metadata", {{"name", std::string("disk-") + node}}},
         {"spec",
          {{"storageClassName", "local"},
           {"accessModes", {"ReadWriteOnce"}},
           {"capacity", {{"storage", "10Gi"}}},
           {"nodeAffinity",
            {{"required",
              {{"nodeSelectorTerms",
                {{{"matchExpressions", {{{"key", "name"}, {"operator", "In"}, {"values", {node}}}}}}}}}}}}}},
         {"status", {{"phase", "Available"}}}});
  };
  auto& storage = cluster.cache.objects().storage();
  storage.classes.set(
      decoded(std::type_identity<api::StorageClass>(), {{"metadata", {{"name", "local"}}},
                                                        {"provisioner", "kubernetes.io/no-provisioner"},
                                                        {"volumeBindingMode", "WaitForFirstConsumer"}}));
  storage.claims.set(decoded(std::type_identity<api::PersistentVolumeClaim>(),
                             {{"metadata", {{"name", "data"}, {"namespace", "default"}}},
                              {"spec",
                               {{"storageClassName", "local"},
                                {"accessModes", {"ReadWriteOnce"}},
                                {"resources", {{"requests", {{"storage", "10Gi"}}}}}}}}));
  storage.volumes.set(disk_on("b"));
  auto pod = make_class_pod("p", "cpu-bound", "2");
  pod.volumes->push_back({.name = "data", .claim_name = "data"});
  const auto part = [&] {
    cluster.cache.update(cluster.snapshot);
    return cluster.scheduler.schedule_one(pod, cluster.snapshot, 2);
  };
  CHECK_FALSE(part());
  CHECK_FALSE(part());
  auto decision = part();
  REQUIRE(decision);
  CHECK(decision->node == "b");

  CHECK_FALSE(part());
  CHECK_FALSE(part());
  auto& changed = cluster.cache.objects().storage().volumes;
  changed.remove("disk-b");
  changed.set(disk_on("d"));
  CHECK_FALSE(part());
  CHECK_FALSE(part());
  decision = part();
  REQUIRE(decision);
  CHECK(decision->node == "d");
  CHECK(decision->volumes.bind.at(0).volume == "disk-d");
}

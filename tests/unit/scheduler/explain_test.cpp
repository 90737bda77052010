#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <actimanager/scheduler/explain.hpp>
#include <actimanager/scheduler/scheduler.hpp>

#include "fixtures.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

TEST_CASE("explain says what every plugin said of every node, and ends as the decision does") {
  Cache cache;
  Snapshot snapshot;
  for (const auto* name : {"b", "a"}) {
    cache.upsert(make_node(name, "8"));
    cache.upsert(make_topology(name, make_machine(1, 4, 2)));
  }
  auto tainted = make_node("c", "1");
  tainted->taints.push_back({"k", "v", "NoSchedule"});
  cache.upsert(tainted);
  cache.assume(make_class_pod("q", "cpu-bound", "2"), "b",
               allocator::Placement{{0, 1}, api::ExclusivenessLevel::cpu});
  cache.update(snapshot);

  Scheduler scheduler(default_config());
  const auto pod = make_class_pod("p", "cpu-bound", "2");
  const auto json = encode(explain(scheduler.config().profiles[0], pod, snapshot));
  CHECK(json["pod"] == "default/p");
  CHECK(json["preFilter"][0] == nlohmann::json{{"plugin", "NodeAffinity"},
                                               {"verdict", "Skip"},
                                               {"reasons", nlohmann::json::array()}});
  REQUIRE(json["nodes"].size() == 3);
  CHECK(json["nodes"][0]["name"] == "a");
  // NodeAffinity, NodePorts and PodIsolation skip; the others all speak, also of a node that is out already.
  const auto& c = json["nodes"][2];
  REQUIRE(c["filters"].size() == 5);
  CHECK(c["filters"][2] == nlohmann::json{{"plugin", "TaintToleration"},
                                          {"verdict", "UnschedulableAndUnresolvable"},
                                          {"reasons", {"node(s) had untolerated taint(s)"}}});
  CHECK(c["filters"][3]["reasons"] == nlohmann::json{"Insufficient cpu"});
  CHECK(c["filters"][4]["reasons"] == nlohmann::json{"node(s) had no CPU topology"});
  CHECK(c["scores"].empty());
  CHECK(json["nodes"][0]["scores"].size() == 5);
  const auto& fullest = json["nodes"][1]["scores"].back();
  CHECK(fullest["plugin"] == "WorkloadAware");
  CHECK(fullest["normalized"] == 100);
  CHECK(fullest["weighted"] == 1000);
  CHECK(json["nodes"][0]["scores"].back()["normalized"] == 0);
  CHECK(json["winner"] == "b");
  CHECK(json["cpus"] == "2-3");
  CHECK(json["exclusivenessLevel"] == "CPU");
  CHECK(scheduler.schedule_one(pod, snapshot).node == "b");
}

TEST_CASE("explain says why nowhere") {
  Cache cache;
  Snapshot snapshot;
  Scheduler scheduler(default_config());
  const auto& profile = scheduler.config().profiles[0];
  cache.update(snapshot);
  CHECK(explain(profile, make_pod("p"), snapshot).message == "no nodes available to schedule pods");

  cache.upsert(make_node("a", "8"));
  cache.update(snapshot);
  auto pod = make_pod("p", "1");
  auto json = encode(explain(profile, pod, snapshot));
  CHECK(json["winner"].is_null());
  CHECK(json["cpus"].is_null());
  CHECK(json["message"] ==
        "0/1 nodes are available: 1 node(s) had no CPU topology. no new claims to deallocate, "
        "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.");

  pod.spec->has_resource_claims = true;
  json = encode(explain(profile, pod, snapshot));
  CHECK(json["preFilter"].back()["plugin"] == "DynamicResources");
  CHECK(json["preFilter"].back()["verdict"] == "UnschedulableAndUnresolvable");
  CHECK(json["nodes"][0]["filters"].empty());
}

TEST_CASE("explain says who would have to leave") {
  Cache cache;
  Snapshot snapshot;
  cache.upsert(make_node("a", "8"));
  cache.upsert(make_topology("a", make_machine(1, 4, 2)));
  const auto low = on_node(make_class_pod("low", "cpu-bound", "3"), "a");
  cache.upsert(low);
  cache.upsert(make_binding(low, "a", "0-2", api::ExclusivenessLevel::cpu));
  cache.update(snapshot);
  auto pod = make_class_pod("p", "cpu-bound", "2");
  pod.priority = 1;
  Scheduler scheduler(default_config());
  const auto& profile = scheduler.config().profiles[0];
  auto json = encode(explain(profile, pod, snapshot))["postFilter"];
  const nlohmann::json candidate = {
      {"node", "a"}, {"victims", {"default/low"}}, {"pdbViolations", 0}, {"cpus", "0-1"}};
  CHECK(json == nlohmann::json{{"plugin", "DefaultPreemption"},
                               {"verdict", "Success"},
                               {"reasons", nlohmann::json::array()},
                               {"nominated", candidate},
                               {"candidates", {candidate}}});
  pod.priority = 0;
  json = encode(explain(profile, pod, snapshot))["postFilter"];
  CHECK(json["verdict"] == "Unschedulable");
  CHECK(json["nominated"].is_null());
}

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <nlohmann/json.hpp>

#include <actimanager/api/json_cursor.hpp>
#include <actimanager/api/pod.hpp>

using namespace actimanager::api;
using nlohmann::json;

namespace {

Pod decode(const char* text) {
  return actimanager::api::decode<Pod>(json::parse(text)).value();
}

}  // namespace

TEST_CASE("what a Pod asks for is read, containers, init containers and sidecars apart") {
  const auto pod = decode(R"({
    "metadata": {"name": "web", "namespace": "default", "uid": "u"},
    "spec": {"nodeName": "node-a", "schedulerName": "maestro", "priority": -10, "hostNetwork": true,
             "preemptionPolicy": "Never",
             "containers": [{"name": "app", "image": "i", "resources": {"requests": {"cpu": "1500m"}, "limits": {"cpu": 2}},
                             "ports": [{"containerPort": 80}, {"containerPort": 81, "hostPort": 8081, "hostIP": "10.0.0.1"},
                                       {"hostPort": 53, "protocol": "UDP"}]}],
             "initContainers": [{"name": "setup"}, {"name": "proxy", "restartPolicy": "Always"}],
             "ephemeralContainers": [{"name": "debug"}],
             "overhead": {"cpu": "10m"},
             "resources": {"requests": {"cpu": "3"}}}})");
  CHECK(pod.meta.key() == "default/web");
  CHECK(pod.node_name == "node-a");
  CHECK(pod.spec->scheduler_name == "maestro");
  CHECK(pod.priority == -10);
  CHECK(pod.spec->host_network);
  REQUIRE(pod.spec->containers.size() == 1);
  const auto& app = pod.spec->containers[0];
  CHECK(app.requests.at("cpu").milli_value() == 1500);
  CHECK(app.limits.at("cpu").value() == 2);
  REQUIRE(app.ports.size() == 2);  // those on the host
  CHECK(app.ports[0].host_port == 8081);
  CHECK(app.ports[0].host_ip == "10.0.0.1");
  CHECK(app.ports[0].protocol == "TCP");
  CHECK(app.ports[1].protocol == "UDP");
  REQUIRE(pod.spec->init_containers.size() == 2);
  CHECK_FALSE(pod.spec->init_containers[0].restart_always);
  CHECK(pod.spec->init_containers[1].restart_always);
  CHECK(pod.spec->ephemeral_containers == std::vector<std::string>{"debug"});
  CHECK(pod.spec->overhead.at("cpu").milli_value() == 10);
  CHECK(pod.spec->pod_requests->at("cpu").value() == 3);
  CHECK_FALSE(pod.spec->pod_limits);
}

TEST_CASE("where a Pod may go is read") {
  const auto pod = decode(R"({"spec": {
    "schedulingGates": [{"name": "a.b/gate"}],
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "k", "operator": "Exists", "effect": "NoSchedule"},
                    {"key": "l", "value": "v", "tolerationSeconds": 30}],
    "affinity": {"nodeAffinity": {
      "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a", "b"]}],
         "matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n"]}]}]},
      "preferredDuringSchedulingIgnoredDuringExecution": [
        {"weight": 7, "preference": {"matchExpressions": [{"key": "x", "operator": "Exists"}]}}]}}}})");
  CHECK(pod.spec->scheduling_gates == std::vector<std::string>{"a.b/gate"});
  CHECK(pod.spec->node_selector.at("disk") == "ssd");
  REQUIRE(pod.spec->tolerations.size() == 2);
  CHECK(pod.spec->tolerations[0].op == "Exists");
  CHECK_FALSE(pod.spec->tolerations[0].toleration_seconds);
  CHECK(pod.spec->tolerations[1].op == "Equal");
  CHECK(pod.spec->tolerations[1].toleration_seconds == 30);
  REQUIRE(pod.node_affinity->required);
  REQUIRE(pod.node_affinity->required->size() == 1);
  const auto& term = pod.node_affinity->required->front();
  CHECK(term.match_expressions.at(0).values == std::vector<std::string>{"a", "b"});
  CHECK(term.match_fields.at(0).key == "metadata.name");
  CHECK(pod.node_affinity->preferred.at(0).weight == 7);
}

TEST_CASE("an affinity without terms is not the same as none") {
  const auto* key = "requiredDuringSchedulingIgnoredDuringExecution";
  CHECK_FALSE(decode("{}").node_affinity->required);
  const json object = {{"spec", {{"affinity", {{"nodeAffinity", {{key, json::object()}}}}}}}};
  const auto pod = decode<Pod>(object).value();
  REQUIRE(pod.node_affinity->required);
  CHECK(pod.node_affinity->required->empty());
}

TEST_CASE("of volumes those are kept that have a say in where the Pod can run") {
  CHECK(decode(R"({"spec": {"resourceClaims": [{"name": "gpu"}]}})").spec->has_resource_claims);
  const auto pod = decode(R"({"spec": {"volumes": [
    {"name": "a", "emptyDir": {}}, {"name": "b", "persistentVolumeClaim": {"claimName": "data"}},
    {"name": "c", "ephemeral": {"volumeClaimTemplate": {}}}, {"name": "d", "iscsi": {"lun": 0}},
    {"name": "e", "hostPath": {"path": "/"}, "nfs": null}]}})");
  REQUIRE(pod.volumes->size() == 3);
  CHECK(pod.volumes[0].claim_name == "data");
  CHECK(pod.volumes[1].ephemeral);
  CHECK(pod.volumes[2].disk.kind == "iscsi");
}

TEST_CASE("what has become of a Pod is read") {
  const auto pod = decode(R"({"status": {"phase": "Running", "nominatedNodeName": "n",
    "conditions": [{"type": "PodScheduled", "status": "True"}],
    "initContainerStatuses": [{"name": "setup", "containerID": "containerd://1", "state": {"terminated": {}}}],
    "containerStatuses": [{"name": "app", "containerID": "containerd://2", "state": {"running": {}},
                           "allocatedResources": {"cpu": "2"}, "resources": {"requests": {"cpu": "1"}}}],
    "ephemeralContainerStatuses": [{"name": "debug", "state": {"waiting": {}}}]}})");
  CHECK(pod.phase == "Running");
  CHECK(pod.nominated_node_name == "n");
  CHECK(pod.conditions->size() == 1);
  REQUIRE(pod.container_statuses->size() == 3);
  CHECK_FALSE(pod.container_statuses[0].running);
  CHECK(pod.container_statuses[1].running);
  CHECK(pod.container_statuses[1].container_id == "containerd://2");
  CHECK(pod.container_statuses[1].allocated_resources->at("cpu").value() == 2);
  CHECK(pod.container_statuses[1].resources_requests->at("cpu").value() == 1);
  CHECK(pod.container_statuses[2].container_id.empty());
}

TEST_CASE("a Pod has ended when it succeeded or failed") {
  for (const char* phase : {"", "Pending", "Running", "Unknown"}) CHECK_FALSE(Pod{.phase = phase}.finished());
  for (const char* phase : {"Succeeded", "Failed"}) CHECK(Pod{.phase = phase}.finished());
}

TEST_CASE("what is wrong in a Pod is named") {
  struct Row {
    const char* text;
    const char* message;
  };
  const auto row = GENERATE(
      Row{R"({"spec": {"containers": [{"name": "a"}, {"resources": {"requests": {"cpu": "1 000"}}}]}})",
          "spec.containers[1].resources.requests.cpu: \"1 000\" is not a quantity such as 500m or 2Gi"},
      Row{R"({"spec": {"containers": [{"resources": {"requests": {"cpu": 0.5}}}]}})",
          "spec.containers[0].resources.requests.cpu: expected a string"},
      Row{R"({"spec": {"priority": 2147483648}})",
          "spec.priority: 2147483648 is not between -2147483648 and 2147483647"},
      Row{R"({"spec": {"containers": [{"ports": [{"hostPort": 70000}]}]}})",
          "spec.containers[0].ports[0].hostPort: 70000 is not between 0 and 65535"},
      Row{R"({"spec": {"nodeSelector": {"a": true}}})", "spec.nodeSelector.a: expected a string"},
      Row{R"({"spec": []})", "spec: expected an object"},
      Row{R"({"status": {"containerStatuses": {}}})", "status.containerStatuses: expected a list"});
  const auto pod = decode<Pod>(json::parse(row.text));
  REQUIRE_FALSE(pod);
  CHECK(pod.error().context == row.message);
}

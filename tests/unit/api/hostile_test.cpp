// Objects of which any part has been replaced by anything: decoders say what is wrong, or read it, and no
// more.
#include <random>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <actimanager/api/json_cursor.hpp>
#include <actimanager/api/node.hpp>
#include <actimanager/api/node_cpu_topology.hpp>
#include <actimanager/api/pod.hpp>
#include <actimanager/api/pod_cpu_binding.hpp>

#include "machines.hpp"

using namespace actimanager;
using namespace actimanager::api;
using nlohmann::json;

namespace {

const json& an_object_of_everything() {
  static const json object = json::parse(R"({
    "metadata": {"name": "x", "namespace": "y", "uid": "u", "resourceVersion": "1", "generation": 2,
                 "creationTimestamp": "2026-01-31T12:00:00Z", "labels": {"a": "b"}, "annotations": {"c": "d"},
                 "ownerReferences": [{"kind": "Pod", "uid": "u", "controller": true}]},
    "spec": {"podName": "p", "cpuSet": [{"cpuID": 1}], "exclusivenessLevel": "Core",
             "nodeName": "n", "priority": 1, "schedulingGates": [{"name": "g"}], "nodeSelector": {"k": "v"},
             "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
               {"matchExpressions": [{"key": "k", "operator": "In", "values": ["v"]}]}]}},
               "podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{}]}},
             "tolerations": [{"key": "k", "tolerationSeconds": 3}],
             "containers": [{"name": "a", "cpuSet": [{"cpuID": 1}], "memoryNodes": [0], "image": "i",
                             "resources": {"requests": {"cpu": "1"}}, "ports": [{"hostPort": 1}]}],
             "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}],
             "taints": [{"key": "k", "effect": "NoSchedule"}]},
    "status": {"phase": "Running", "resourceStatus": "Failed", "observedGeneration": 1, "nodeName": "n",
               "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-31T12:00:00Z"}],
               "admitted": {"generation": 1, "cpuSet": "1", "exclusiveCPUs": "1",
                            "containers": [{"name": "a", "cpuSet": "1", "memoryNodes": "0"}]},
               "memoryNodes": "0", "containers": [{"name": "a", "cpuSet": "1", "memoryNodes": "0"}],
               "reservedCPUs": "0", "allocatable": {"cpu": "4"}, "exclusive": "1", "cgroup": {"version": "v1"},
               "images": [{"names": ["i"], "sizeBytes": 5}], "addresses": [{"type": "InternalIP", "address": "::"}],
               "containerStatuses": [{"name": "a", "containerID": "c://1", "state": {"running": {}},
                                      "allocatedResources": {"cpu": "1"}}]}})");
  return object;
}

json junk(std::mt19937& random) {
  static const json pieces[] = {nullptr,
                                true,
                                -1,
                                0,
                                8191,
                                8192,
                                1e300,
                                -9223372036854775807LL,
                                18446744073709551615ULL,
                                "",
                                "0-3",
                                "0-99999999999",
                                "-",
                                "999999999999999999999999E9",
                                std::string(5000, '9'),
                                std::string("\0\x1b[2J\xff", 6),
                                json::array(),
                                json::object(),
                                json::array({json::array({json::array()})}),
                                json::object({{"", ""}}),
                                json::object({{"0", {{"cpus", {0, 0, 1}}}}}),
                                "2026-02-30T00:00:00Z"};
  return pieces[random() % std::size(pieces)];
}

// Replaces, adds or removes one part, anywhere.
void spoil(json& object, std::mt19937& random) {
  json* at = &object;
  while (at->is_structured() && !at->empty() && random() % 4 != 0) {
    auto it = at->begin();
    std::advance(it, static_cast<std::ptrdiff_t>(random() % at->size()));
    at = &*it;
  }
  if (at->is_object() && random() % 3 == 0) {
    (*at)["7"] = junk(random);
  } else if (at->is_array() && random() % 2 == 0) {
    at->push_back(junk(random));
  } else {
    *at = junk(random);
  }
}

template <class T>
int check_decodes_or_explains(const json& object) {
  const auto decoded = decode<T>(object);
  if (decoded) return 1;
  REQUIRE(decoded.error().code == Errc::invalid_argument);
  REQUIRE_FALSE(decoded.error().context.empty());
  return 0;
}

}  // namespace

TEST_CASE("no object, however spoiled, does more than fail to decode") {
  std::mt19937 random(5);
  int decoded = 0;
  for (int round = 0; round < 5'000; ++round) {
    auto object = an_object_of_everything();
    if (round % 2 == 0) object["spec"]["topology"] = encode(*topology::testing::dual_socket_smt());
    for (auto times = 1 + random() % 3; times > 0; --times) spoil(object, random);
    decoded += check_decodes_or_explains<Pod>(object);
    decoded += check_decodes_or_explains<Node>(object);
    decoded += check_decodes_or_explains<NodeCPUTopology>(object);
    decoded += check_decodes_or_explains<PodCPUBinding>(object);
  }
  CHECK(decoded > 0);  // the generator leaves some of them right
}

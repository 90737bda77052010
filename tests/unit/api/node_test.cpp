#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <actimanager/api/json_cursor.hpp>
#include <actimanager/api/node.hpp>

using namespace actimanager::api;
using nlohmann::json;

TEST_CASE("a Node is read as far as scheduling uses it") {
  const auto node = decode<Node>(json::parse(R"({
    "metadata": {"name": "node-a", "labels": {"zone": "z1"}},
    "spec": {"unschedulable": true, "podCIDR": "10.0.0.0/24",
             "taints": [{"key": "dedicated", "value": "db", "effect": "NoSchedule"}, {"key": "k", "effect": "NoExecute"}]},
    "status": {"allocatable": {"cpu": "7500m", "memory": "31Gi", "pods": "110"},
               "images": [{"names": ["a:1", "a@sha256:0"], "sizeBytes": 1234}],
               "addresses": [{"type": "Hostname", "address": "h"}, {"type": "InternalIP", "address": "10.0.0.1"},
                             {"type": "InternalIP", "address": "fd00::1"}],
               "conditions": [{"type": "MemoryPressure", "status": "False"}, {"type": "Ready", "status": "True"}]}})"))
                        .value();
  CHECK(node.meta.key() == "node-a");
  CHECK(node.unschedulable);
  REQUIRE(node.taints.size() == 2);
  CHECK(node.taints[0].key == "dedicated");
  CHECK(node.taints[0].effect == "NoSchedule");
  CHECK(node.taints[1].value.empty());
  CHECK(node.allocatable.at("cpu").milli_value() == 7500);
  CHECK(node.allocatable.at("pods").value() == 110);
  REQUIRE(node.images.size() == 1);
  CHECK(node.images[0].names == std::vector<std::string>{"a:1", "a@sha256:0"});
  CHECK(node.images[0].size_bytes == 1234);
  CHECK(node.internal_ip == "10.0.0.1");
  CHECK(node.ready);
}

TEST_CASE("a Node that says nothing is not ready and has nothing") {
  const auto node = decode<Node>({{"metadata", {{"name", "bare"}}}}).value();
  CHECK_FALSE(node.ready);
  CHECK_FALSE(node.unschedulable);
  CHECK(node.allocatable.empty());
  CHECK(node.internal_ip.empty());
}

TEST_CASE("only a condition Ready that is True makes a Node ready") {
  for (const char* status : {"False", "Unknown"}) {
    const json object = {{"status", {{"conditions", {{{"type", "Ready"}, {"status", status}}}}}}};
    CHECK_FALSE(decode<Node>(object).value().ready);
  }
}

TEST_CASE("what is wrong in a Node is named") {
  const json object = {{"status", {{"allocatable", {{"cpu", "many"}}}}}};
  const auto node = decode<Node>(object);
  REQUIRE_FALSE(node);
  CHECK(node.error().context == "status.allocatable.cpu: \"many\" is not a quantity such as 500m or 2Gi");
}

#include "meta_json.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

using namespace actimanager;
using namespace actimanager::api;
using nlohmann::json;

namespace {

template <class Decode>
std::string error_of(const json& object, Decode decode) {
  const JsonDocument document(object);
  JsonReader reader(document.root());
  decode(reader.root());
  return reader.error() ? reader.error()->context : "";
}

}  // namespace

TEST_CASE("metadata is read as far as it is used") {
  const auto object = json::parse(R"({
    "name": "web", "namespace": "shop", "uid": "u", "resourceVersion": "12", "generation": 3,
    "creationTimestamp": "2026-01-31T12:00:00Z", "deletionTimestamp": "2026-01-31T13:00:00Z",
    "labels": {"app": "front"}, "annotations": {"note": "x"}, "managedFields": [{"any": "thing"}],
    "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "pu", "controller": true},
                        {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "nu"}]})");
  const JsonDocument document(object);
  JsonReader reader(document.root());
  const auto meta = reader.finish(decode_meta(reader.root())).value();
  CHECK(meta.key() == "shop/web");
  CHECK(meta.uid == "u");
  CHECK(meta.resource_version == "12");
  CHECK(meta.generation == 3);
  CHECK(format_time(meta.creation_timestamp) == "2026-01-31T12:00:00Z");
  CHECK(format_time(meta.deletion_timestamp.value()) == "2026-01-31T13:00:00Z");
  CHECK(*meta.label("app") == "front");
  CHECK(*meta.annotation("note") == "x");
  REQUIRE(meta.owner_references->size() == 2);
  CHECK(meta.owner_references[0] == OwnerReference{"v1", "Pod", "p", "pu", true});
  CHECK_FALSE(meta.owner_references[1].controller);
}

TEST_CASE("conditions survive the way out and back") {
  const std::vector<Condition> conditions = {
      {"Admitted", ConditionStatus::true_, "Admitted", "", 4, Time{std::chrono::seconds(1'700'000'000)}},
      {"Degraded", ConditionStatus::unknown, "Why", "because \"x\"", 0, Time{}}};
  const auto object = encode(conditions);
  const JsonDocument document(object);
  JsonReader reader(document.root());
  CHECK(decode_conditions(reader.root()) == conditions);
  CHECK_FALSE(reader.error());
}

TEST_CASE("a condition is neither true nor false in another word, as the API takes any") {
  const auto list = json::parse(R"([{"type": "a", "status": "true"}, {"type": "b", "status": ""}])");
  const JsonDocument document(list);
  JsonReader reader(document.root());
  const auto conditions = decode_conditions(reader.root());
  CHECK_FALSE(reader.error());
  REQUIRE(conditions.size() == 2);
  CHECK(conditions[0].status == ConditionStatus::unknown);
  CHECK(conditions[1].status == ConditionStatus::unknown);
}

TEST_CASE("what is wrong in metadata and conditions is named") {
  const auto meta = [](JsonCursor root) { decode_meta(root); };
  CHECK(error_of({{"creationTimestamp", "soon"}}, meta) == "creationTimestamp: expected an RFC 3339 time");
  CHECK(error_of({{"labels", {{"a/b", 1}}}}, meta) == "labels[\"a/b\"]: expected a string");
  CHECK(error_of({{"ownerReferences", {{{"controller", "true"}}}}}, meta) ==
        "ownerReferences[0].controller: expected true or false");
  CHECK(error_of(json::parse(R"([{"status": true}])"), [](JsonCursor root) { decode_conditions(root); }) ==
        "[0].status: expected a string");
  CHECK(error_of({{"cpus", "0-x"}}, [](JsonCursor root) {
          decode_cpu_list(root["cpus"]);
        }).starts_with("cpus: "));
  CHECK(error_of({{"nodes", 3}}, [](JsonCursor root) { decode_numa_list(root["nodes"]); }) ==
        "nodes: expected a string");
}

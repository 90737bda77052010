#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <nlohmann/json.hpp>

#include <actimanager/api/json_cursor.hpp>
#include <actimanager/api/names.hpp>
#include <actimanager/api/pod_cpu_binding.hpp>

using namespace actimanager;
using namespace actimanager::api;
using nlohmann::json;

namespace {

json object_with(const json& spec, const json& status = json::object()) {
  return {{"metadata", {{"name", "b"}, {"namespace", "default"}}}, {"spec", spec}, {"status", status}};
}

}  // namespace

TEST_CASE("a spec as the original's users write it is read") {
  const auto binding = decode<PodCPUBinding>(object_with(json::parse(R"({
    "podName": "web", "cpuSet": [{"cpuID": 3}, {"cpuID": 0}, {"cpuID": 3}], "exclusivenessLevel": "NUMA"})")))
                           .value();
  CHECK(binding.spec_error.empty());
  CHECK(binding.spec.pod_name == "web");
  CHECK(binding.spec.cpu_set == CpuSet{0, 3});
  CHECK(binding.spec.exclusiveness_level == ExclusivenessLevel::numa);
  CHECK(PodCPUBinding::name_for_pod("web") == "web-pcb");
  CHECK(PodCPUBinding::name_for_pod(std::string(249, 'a')) == std::string(249, 'a') + "-pcb");
  const auto name = PodCPUBinding::name_for_pod(std::string(252, 'a') + "b");
  CHECK(name.size() == 253);
  CHECK(name.ends_with("-pcb"));
  CHECK(name != PodCPUBinding::name_for_pod(std::string(252, 'a') + "c"));
}

TEST_CASE("a binding tells its Pod, who made it, and its node") {
  PodCPUBinding binding;
  binding.meta.namespace_ = "shop";
  binding.spec.pod_name = "web";
  CHECK(binding.pod_key() == "shop/web");
  CHECK(binding.owner() == nullptr);
  CHECK(binding.owner_uid().empty());
  CHECK_FALSE(binding.is_scheduler_made());

  struct Row {
    OwnerReference owner;
    const char* uid;
    bool is_scheduler_made;
  };
  const OwnerReference by_hand{"v1", "Pod", "web", "1", false}, made{"v1", "Pod", "web", "1", true};
  const Row rows[] = {
      {by_hand, "1", false},
      {made, "1", true},
      {{"v1", "Pod", "another", "2", true}, "2", true},
      {{"apps/v1", "ReplicaSet", "web", "3", true}, "", false},
  };
  for (const auto& row : rows) {
    CAPTURE(row.owner.kind, row.owner.name);
    binding.meta.owner_references =
        std::vector<OwnerReference>{{"v1", "ConfigMap", "web", "9", false}, row.owner};
    CHECK(binding.owner_uid() == row.uid);
    CHECK(binding.is_scheduler_made() == row.is_scheduler_made);
  }

  CHECK(binding.node_name().empty());
  binding.status.node_name = "by-status";
  CHECK(binding.node_name() == "by-status");
  binding.meta.labels = StringMap{{std::string(node_name_label), ""}};
  CHECK(binding.node_name() == "by-status");
  binding.meta.labels = StringMap{{std::string(node_name_label), "by-label"}};
  CHECK(binding.node_name() == "by-label");
}

TEST_CASE("a spec survives the way out and back") {
  const auto level = GENERATE(ExclusivenessLevel::none, ExclusivenessLevel::cpu, ExclusivenessLevel::core,
                              ExclusivenessLevel::socket, ExclusivenessLevel::numa);
  const PodCPUBinding::Spec spec{.pod_name = "web",
                                 .cpu_set = {1, 70, 8191},
                                 .exclusiveness_level = level,
                                 .containers = {{"app", {70}, {0, 3}}, {"side", {}, {}}},
                                 .cfs_quota = GENERATE(CfsQuota::keep, CfsQuota::lift),
                                 .isolation = GENERATE(Isolation::none, Isolation::partition)};
  const auto binding = decode<PodCPUBinding>(object_with(encode(spec))).value();
  CHECK(binding.spec == spec);
  CHECK(binding.spec_error.empty());
  CHECK(parse_exclusiveness_level(to_string(level)) == level);
}

TEST_CASE("levels are spelled as the API spells them, and no other way") {
  for (const char* other : {"", "none", "cpu", "CORE", "Numa", "All"})
    CHECK_FALSE(parse_exclusiveness_level(other));
}

TEST_CASE("what becomes of quotas is spelled in one way, and by default nothing does") {
  for (const auto quota : {CfsQuota::keep, CfsQuota::lift}) CHECK(parse_cfs_quota(to_string(quota)) == quota);
  for (const char* other : {"", "Lift", "0"}) CHECK_FALSE(parse_cfs_quota(other));
  CHECK(decode<PodCPUBinding>(object_with(json::object())).value().spec.cfs_quota == CfsQuota::keep);
  CHECK_FALSE(encode(PodCPUBinding::Spec{}).contains("cfsQuota"));
}

TEST_CASE("isolation is spelled in one way, and by default there is none") {
  for (const auto isolation : {Isolation::none, Isolation::partition})
    CHECK(parse_isolation(to_string(isolation)) == isolation);
  for (const char* other : {"", "None", "isolated"}) CHECK_FALSE(parse_isolation(other));
  CHECK(decode<PodCPUBinding>(object_with(json::object())).value().spec.isolation == Isolation::none);
  CHECK_FALSE(encode(PodCPUBinding::Spec{}).contains("isolation"));
}

TEST_CASE("a spec that makes no sense is there for its judge, who is told the field") {
  struct Row {
    const char* spec;
    const char* message;
  };
  const auto row = GENERATE(
      Row{R"({"podName": "w", "cpuSet": [{"cpuID": 99999999999}]})",
          "spec.cpuSet[0].cpuID: 99999999999 is not between 0 and 8191"},
      Row{R"({"podName": "w", "cpuSet": [{"cpuID": 1}, {}]})", "spec.cpuSet[1]: has no cpuID"},
      Row{R"({"podName": "w", "cpuSet": "0-3"})", "spec.cpuSet: expected a list"},
      Row{R"({"podName": "w", "cpuSet": [3]})", "spec.cpuSet[0]: expected an object"},
      Row{R"({"podName": 5})", "spec.podName: expected a string"},
      Row{R"({"exclusivenessLevel": "Rack"})", "spec.exclusivenessLevel: \"Rack\" is not one of its values"},
      Row{R"({"containers": [{"name": "a", "memoryNodes": [-1]}]})",
          "spec.containers[0].memoryNodes[0]: -1 is not between 0 and 8191"},
      Row{R"({"cfsQuota": "drop"})", "spec.cfsQuota: \"drop\" is not one of its values"},
      Row{R"("nothing")", "spec: expected an object"});
  const auto binding = decode<PodCPUBinding>(object_with(json::parse(row.spec)));
  REQUIRE(binding);
  CHECK(binding->meta.key() == "default/b");
  CHECK(binding->spec_error == row.message);
}

TEST_CASE("a binding's status survives the way out and back") {
  const PodCPUBinding::Status status{
      .resource_status = BindingStatus::cpu_set_allocation_failed,
      .node_name = "node-a",
      .observed_generation = 5,
      .conditions = {{"Admitted", ConditionStatus::false_, "ExclusiveOverlap", "spec.cpuSet: taken", 5,
                      Time{}}},
      .admitted = PodCPUBinding::Admitted{4,
                                          {1, 2},
                                          {1, 2, 9, 10},
                                          {{"app", {1}, {}}, {"side", {}, {1}}},
                                          CfsQuota::lift,
                                          Isolation::partition},
      .memory_nodes = {0},
      .containers = {{"app", {1}, {0}}}};
  const auto encoded = encode(status);
  CHECK(encoded["exclusiveCPUs"] == "1-2,9-10");  // for the printed table
  CHECK(decode<PodCPUBinding>(object_with(json::object(), encoded)).value().status == status);
}

TEST_CASE("that nothing is lifted or isolated is said, so that a merge patch takes back that it was") {
  const PodCPUBinding::Status status{.admitted = PodCPUBinding::Admitted{}};
  CHECK(encode(status)["admitted"]["cfsQuota"] == "keep");
  CHECK(encode(status)["admitted"]["isolation"] == "none");
}

TEST_CASE("a status written without the granted containers is read") {
  const json status = {{"admitted", {{"generation", 1}, {"cpuSet", "0-3"}, {"exclusiveCPUs", ""}}}};
  const auto binding = decode<PodCPUBinding>(object_with(json::object(), status)).value();
  CHECK(binding.status.admitted->cpu_set == CpuSet{0, 1, 2, 3});
  CHECK(binding.status.admitted->containers.empty());
  CHECK(binding.status.admitted->cfs_quota == CfsQuota::keep);
}

TEST_CASE("every status has a name of its own, but for none") {
  const PodCPUBinding::Status empty;
  CHECK_FALSE(encode(empty).contains("resourceStatus"));
  CHECK_FALSE(encode(empty).contains("admitted"));
  for (int i = 1; i <= static_cast<int>(BindingStatus::failed); ++i) {
    const PodCPUBinding::Status status{.resource_status = static_cast<BindingStatus>(i)};
    CHECK(decode<PodCPUBinding>(object_with(json::object(), encode(status))).value().status == status);
  }
}

TEST_CASE("a status that nobody of us wrote is an error that names the field") {
  const json status = {{"admitted", {{"cpuSet", "0-"}}}};
  const auto binding = decode<PodCPUBinding>(object_with(json::object(), status));
  REQUIRE_FALSE(binding);
  CHECK(binding.error().context.starts_with("status.admitted.cpuSet: "));
}

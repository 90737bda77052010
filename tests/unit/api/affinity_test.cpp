#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <actimanager/api/json_cursor.hpp>
#include <actimanager/api/pod.hpp>

using namespace actimanager;
using namespace actimanager::api;

namespace {

Result<Pod> decode(const char* spec) {
  return api::decode<Pod>(
      {{"metadata", {{"name", "p"}, {"namespace", "blue"}}}, {"spec", nlohmann::json::parse(spec)}});
}

}  // namespace

TEST_CASE("inter-Pod affinity is read with the Pod's own namespace where the term names none") {
  const auto pod = decode(R"({"affinity": {
    "podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
      {"labelSelector": {"matchLabels": {"app": "db"}}, "topologyKey": "zone"},
      {"labelSelector": {}, "namespaces": ["green"], "topologyKey": "rack"}]},
    "podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
      {"weight": 7, "podAffinityTerm": {"namespaceSelector": {}, "topologyKey": "host"}}]}}})")
                       .value();
  REQUIRE(pod.spec->pod_affinity.required.size() == 2);
  CHECK(pod.spec->pod_affinity.required[0].namespaces == std::vector<std::string>{"blue"});
  CHECK(pod.spec->pod_affinity.required[0].label_selector.matches({{"app", "db"}}));
  CHECK(pod.spec->pod_affinity.required[0].topology_key == "zone");
  CHECK(pod.spec->pod_affinity.required[1].namespaces == std::vector<std::string>{"green"});
  REQUIRE(pod.spec->pod_anti_affinity.preferred.size() == 1);
  CHECK(pod.spec->pod_anti_affinity.preferred[0].weight == 7);
  CHECK(pod.spec->pod_anti_affinity.preferred[0].term.namespaces.empty());
  CHECK(pod.spec->pod_anti_affinity.preferred[0].term.namespace_selector.selects_everything());
  CHECK(pod.has_pod_affinity());
  CHECK_FALSE(decode(R"({"affinity": {"podAffinity": {}}})").value().has_pod_affinity());
}

TEST_CASE("spread constraints are read with the defaults Kubernetes gives them") {
  const auto pod = decode(R"({"topologySpreadConstraints": [
    {"maxSkew": 2, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"},
    {"maxSkew": 1, "topologyKey": "host", "whenUnsatisfiable": "ScheduleAnyway", "minDomains": 3,
     "nodeAffinityPolicy": "Ignore", "nodeTaintsPolicy": "Honor", "matchLabelKeys": ["version"]}]})")
                       .value();
  const auto& first = pod.spec->topology_spread_constraints.at(0);
  CHECK(first.max_skew == 2);
  CHECK_FALSE(first.min_domains);
  CHECK(first.honor_node_affinity);
  CHECK_FALSE(first.honor_node_taints);
  CHECK_FALSE(first.label_selector.given);
  const auto& second = pod.spec->topology_spread_constraints.at(1);
  CHECK(second.min_domains == 3);
  CHECK_FALSE(second.honor_node_affinity);
  CHECK(second.honor_node_taints);
  CHECK(second.match_label_keys == std::vector<std::string>{"version"});
}

TEST_CASE("what is wrong in a spread constraint is named by its path") {
  const auto error = [](const char* constraint) {
    return decode((std::string(R"({"topologySpreadConstraints": [)") + constraint + "]}").c_str())
        .error()
        .context;
  };
  CHECK(error(R"({"maxSkew": 1})")
            .starts_with("spec.topologySpreadConstraints[0]: whenUnsatisfiable is required"));
  CHECK(error(R"({"maxSkew": 0, "whenUnsatisfiable": "DoNotSchedule"})")
            .starts_with("spec.topologySpreadConstraints[0].maxSkew: "));
  CHECK(error(R"({"whenUnsatisfiable": "DoNotSchedule", "nodeTaintsPolicy": "Maybe"})")
            .starts_with("spec.topologySpreadConstraints[0].nodeTaintsPolicy: "));
}

#include "plugin_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

TEST_CASE("UnsupportedFeatures names the field of what cannot be kept") {
  struct Row {
    const char* field;  // "": none
    void (*ask)(api::Pod&);
  };
  const Row rows[] = {
      {"", [](api::Pod&) {}},
      {"", [](api::Pod& p) { p.volumes = {{.name = "cache"}, {.name = "share", .other_source = "nfs"}}; }},
      {"spec.volumes[1].persistentVolumeClaim",
       [](api::Pod& p) { p.volumes = {{.name = "cache"}, {.name = "data", .claim_name = "data"}}; }},
      {"spec.volumes[0].ephemeral",
       [](api::Pod& p) { p.volumes = {{.name = "scratch", .ephemeral = true}}; }},
      {"spec.volumes[0].iscsi", [](api::Pod& p) { p.volumes = {{.name = "disk", .other_source = "iscsi"}}; }},
      {"spec.affinity.podAffinity or podAntiAffinity", [](api::Pod& p) { p.has_pod_affinity = true; }},
      {"spec.topologySpreadConstraints", [](api::Pod& p) { p.has_topology_spread = true; }},
      {"spec.resourceClaims", [](api::Pod& p) { p.has_resource_claims = true; }}};
  const auto plugin = make_unsupported_features();
  const Snapshot nothing;
  for (const auto& row : rows) {
    CAPTURE(row.field);
    auto pod = make_pod("p");
    row.ask(pod);
    CycleState state;
    const auto status = plugin->pre_filter(state, pod, nothing).status;
    if (*row.field == '\0') {
      CHECK(status.ok());
    } else {
      CHECK(verdict(status) == "UnschedulableAndUnresolvable: pod uses " + std::string(row.field) +
                                   ", which this scheduler does not support");
    }
  }
}

TEST_CASE("UnsupportedFeatures signs the field it refuses") {
  const auto plugin = make_unsupported_features();
  auto fine = make_pod("p"), spread = make_pod("p");
  spread.has_topology_spread = true;
  std::string of_fine, of_spread;
  CHECK(plugin->sign(fine, of_fine));
  CHECK(plugin->sign(spread, of_spread));
  CHECK(of_fine != of_spread);
}

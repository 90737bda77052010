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
  auto fine = make_pod("p"), claims = make_pod("p");
  claims.has_resource_claims = true;
  std::string of_fine, of_claims;
  CHECK(plugin->sign(fine, Snapshot(), of_fine));
  CHECK(plugin->sign(claims, Snapshot(), of_claims));
  CHECK(of_fine != of_claims);
}

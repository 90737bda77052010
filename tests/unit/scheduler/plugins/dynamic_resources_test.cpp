#include "plugin_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

TEST_CASE("DynamicResources refuses Pods with resource claims by the field's name") {
  const auto plugin = make(make_dynamic_resources);
  auto plain = make_pod("p"), claims = make_pod("p");
  claims.spec->has_resource_claims = true;
  CHECK(verdict(filtered(*plugin, plain, make_node("n"))) == "Skip");
  CHECK(verdict(filtered(*plugin, claims, make_node("n"))) ==
        "UnschedulableAndUnresolvable: pod uses spec.resourceClaims, which this scheduler does not support");
  std::string of_plain, of_claims;
  CHECK(plugin->sign(plain, Snapshot(), of_plain));
  CHECK(plugin->sign(claims, Snapshot(), of_claims));
  CHECK(of_plain != of_claims);
}

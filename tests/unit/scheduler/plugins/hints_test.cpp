#include "plugins/hints.hpp"

#include "hint_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

TEST_CASE("a Pod is itself by its UID, whatever its name") {
  const auto waiting = make_pod("p");
  auto other = std::make_shared<api::Pod>(waiting);
  CHECK(is_itself(waiting, {nullptr, other}));
  CHECK(is_itself(waiting, {other, nullptr}));
  other->meta.uid = "another";
  CHECK_FALSE(is_itself(waiting, {nullptr, other}));
}

TEST_CASE("a Pod left the node it was on, or the one it was to go to") {
  auto pod = make_pod("p");
  CHECK_FALSE(left_a_node(pod));
  CHECK(left_a_node(on_node(pod, "n")));
  pod.nominated_node_name = "n";
  CHECK(left_a_node(pod));
}

TEST_CASE("a Pod names its claims, and by its own name those of ephemeral volumes") {
  auto waiting = make_pod("p");
  *waiting.volumes = {{.name = "a", .claim_name = "data"}, {.name = "b", .ephemeral = true}};
  api::PersistentVolumeClaim claim;
  claim.meta.namespace_ = "default";
  const auto named = [&](const char* name, bool ephemeral) {
    claim.meta.name = name;
    return names_claim(waiting, claim, ephemeral);
  };
  CHECK(named("data", false));
  CHECK(named("p-b", true));
  CHECK_FALSE(named("p-b", false));
  CHECK_FALSE(named("other", true));
  claim.meta.namespace_ = "elsewhere";
  CHECK_FALSE(named("data", true));
}

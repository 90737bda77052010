#include <set>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include <actimanager/scheduler/pod_kind.hpp>

#include "fixtures.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

namespace {

api::Pod app_pod(const char* name, const char* app) {
  auto pod = make_pod(name);
  pod.meta.labels["app"] = app;
  return pod;
}

}  // namespace

TEST_CASE("PodKinds: Pods that others cannot tell apart are of one kind") {
  PodKinds kinds;
  const auto web = kinds.of(app_pod("a", "web"));
  CHECK(web->labels == api::StringMap{{"app", "web"}});
  CHECK(web->namespace_ == "default");
  CHECK_FALSE(web->has_affinity());
  CHECK(kinds.of(app_pod("b", "web")) == web);
  CHECK(kinds.of(app_pod("c", "db")) != web);

  auto elsewhere = app_pod("d", "web"), leaving = app_pod("e", "web"), shy = app_pod("f", "web"),
       sociable = app_pod("g", "web");
  elsewhere.meta.namespace_ = "blue";
  leaving.meta.deletion_timestamp = api::Time{};
  shy.spec->pod_anti_affinity.required.push_back({.topology_key = "zone"});
  sociable.spec->pod_affinity.preferred.push_back({1, {.topology_key = "zone"}});
  const std::set others = {kinds.of(elsewhere), kinds.of(leaving), kinds.of(shy), kinds.of(sociable), web};
  CHECK(others.size() == 5);
  CHECK(kinds.of(leaving)->leaving);
  CHECK(kinds.of(shy)->has_affinity());
  CHECK(kinds.of(sociable)->has_affinity());
}

TEST_CASE("PodKinds: kinds that nobody has make room, and their ids serve others") {
  PodKinds kinds;
  const auto kept = kinds.of(app_pod("kept", "kept"));
  for (int i = 0; i < 10'000; ++i) kinds.of(app_pod("p", std::to_string(i).c_str()));
  CHECK(kinds.size() <= 128);
  CHECK(kinds.of(app_pod("kept", "kept")) == kept);
  std::set<PodKindPointer> have = {kept};
  for (int i = 0; i < 500; ++i) have.insert(kinds.of(app_pod("p", std::to_string(i).c_str())));
  std::set<std::uint32_t> ids;
  for (const auto& kind : have) ids.insert(kind->id);
  CHECK(ids.size() == have.size());
  CHECK(*ids.rbegin() < 1024);
}

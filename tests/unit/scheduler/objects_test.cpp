#include <catch2/catch_test_macros.hpp>

#include <actimanager/scheduler/objects.hpp>

#include "fixtures.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

namespace {

api::Service service(const char* name, api::StringMap selector) {
  api::Service result;
  result.meta.namespace_ = "default";
  result.meta.name = name;
  result.selector = std::move(selector);
  return result;
}

}  // namespace

TEST_CASE("a Pod's fellows are those its Services and its controller select, together") {
  Objects objects;
  auto pod = make_pod("p");
  *pod.meta.labels = {{"app", "web"}, {"tier", "front"}, {"hash", "1"}};
  CHECK(objects.selector_of_fellows(pod).selects_everything());

  objects.set(service("web", {{"app", "web"}}));
  objects.set(service("front", {{"tier", "front"}}));
  objects.set(service("other", {{"app", "db"}}));
  objects.set(service("headless", {}));
  const auto by_service = objects.selector_of_fellows(pod);
  CHECK(by_service.matches({{"app", "web"}, {"tier", "front"}}));
  CHECK_FALSE(by_service.matches({{"app", "web"}}));

  api::ReplicaSet owner;
  owner.meta.namespace_ = "default";
  owner.meta.name = "web-1";
  owner.selector = api::LabelSelector::of({{"hash", "1"}});
  objects.set_owner(owner);
  CHECK(objects.selector_of_fellows(pod) == by_service);
  *pod.meta.owner_references = {{"apps/v1", "ReplicaSet", "web-1", "u", true}};
  const auto fellows = objects.selector_of_fellows(pod);
  CHECK(fellows.matches({{"app", "web"}, {"tier", "front"}, {"hash", "1"}}));
  CHECK_FALSE(fellows.matches({{"app", "web"}, {"tier", "front"}, {"hash", "2"}}));
  pod.meta.owner_references[0].api_version = "apps/v2";
  CHECK(objects.selector_of_fellows(pod) == by_service);

  for (const auto* name : {"web", "front", "other", "headless"})
    objects.remove_service(service(name, {}).meta);
  objects.remove_owner<api::ReplicaSet>(owner.meta);
  CHECK(objects.selector_of_fellows(pod).selects_everything());
}

TEST_CASE("where a ReplicationController and a Service disagree about a label, the controller is right") {
  Objects objects;
  auto pod = make_pod("p");
  *pod.meta.labels = {{"app", "web"}, {"tier", "front"}};
  *pod.meta.owner_references = {{"v1", "ReplicationController", "web", "u", true}};
  objects.set(service("web", {{"app", "web"}, {"tier", "front"}}));
  api::ReplicationController owner;
  owner.meta.namespace_ = "default";
  owner.meta.name = "web";
  owner.selector = api::LabelSelector::of({{"app", "shop"}});
  objects.set_owner(owner);
  CHECK(objects.selector_of_fellows(pod) == api::LabelSelector::of({{"app", "shop"}, {"tier", "front"}}));
}

TEST_CASE("a Namespace is news when it is new or has other labels") {
  Objects objects;
  api::Namespace blue;
  blue.meta.name = "blue";
  CHECK(objects.set(blue));
  CHECK_FALSE(objects.set(blue));
  *blue.meta.labels = {{"team", "a"}};
  CHECK(objects.set(blue));
  CHECK(objects.namespace_labels("blue") == blue.meta.labels);
  objects.remove_namespace("blue");
  CHECK(objects.namespace_labels("blue").empty());
}

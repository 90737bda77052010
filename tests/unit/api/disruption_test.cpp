#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <actimanager/api/disruption.hpp>
#include <actimanager/api/json_cursor.hpp>

using namespace actimanager;
using namespace actimanager::api;
using nlohmann::json;

TEST_CASE("a budget says how many of its Pods may go, and which are counted already") {
  const json object = {
      {"metadata", {{"name", "web"}, {"namespace", "blue"}}},
      {"spec", {{"selector", {{"matchLabels", {{"app", "web"}}}}}}},
      {"status", {{"disruptionsAllowed", 2}, {"disruptedPods", {{"web-1", "2026-01-31T12:00:00Z"}}}}}};
  const auto budget = decode<PodDisruptionBudget>(object).value();
  CHECK(budget.meta.key() == "blue/web");
  CHECK(budget.disruptions_allowed == 2);
  CHECK(budget.disrupted_pods.contains("web-1"));
}

TEST_CASE("a budget covers the Pods of its namespace that its selector names; an empty one names none") {
  PodDisruptionBudget budget;
  budget.meta.namespace_ = "blue";
  budget.selector = LabelSelector::of({{"app", "web"}});
  ObjectMeta pod;
  pod.namespace_ = "blue";
  *pod.labels = {{"app", "web"}};
  CHECK(budget.covers(pod));
  pod.namespace_ = "green";
  CHECK_FALSE(budget.covers(pod));
  pod.namespace_ = "blue";
  *pod.labels = {{"app", "db"}};
  CHECK_FALSE(budget.covers(pod));
  budget.selector.requirements.clear();
  CHECK_FALSE(budget.covers(pod));
  budget.selector.given = false;
  CHECK_FALSE(budget.covers(pod));
}

TEST_CASE("what is wrong in a budget is named by its field") {
  const json object = {{"status", {{"disruptionsAllowed", "two"}}}};
  CHECK(decode<PodDisruptionBudget>(object).error().context.starts_with("status.disruptionsAllowed: "));
}

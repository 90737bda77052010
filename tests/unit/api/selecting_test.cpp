#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <actimanager/api/json_cursor.hpp>
#include <actimanager/api/selecting.hpp>

using namespace actimanager;
using namespace actimanager::api;
using nlohmann::json;

TEST_CASE("of what selects Pods, names, labels and selectors are kept") {
  const json meta = {{"name", "web"},
                     {"namespace", "blue"},
                     {"labels", {{"team", "a"}}},
                     {"annotations", {{"long", "text"}}}};
  const auto name_space = decode<Namespace>({{"metadata", meta}}).value();
  CHECK(name_space.meta.labels == StringMap{{"team", "a"}});
  CHECK(name_space.meta.annotations->empty());
  const auto service =
      decode<Service>({{"metadata", meta}, {"spec", {{"selector", {{"app", "web"}}}}}}).value();
  CHECK(service.selector == StringMap{{"app", "web"}});
  CHECK(decode<Service>({{"metadata", meta}}).value().selector.empty());
  const auto controller =
      decode<ReplicationController>({{"metadata", meta}, {"spec", {{"selector", {{"app", "web"}}}}}}).value();
  CHECK(controller.selector.matches({{"app", "web"}}));
  const json spec = {{"selector", {{"matchLabels", {{"app", "web"}}}}}};
  CHECK(decode<ReplicaSet>({{"metadata", meta}, {"spec", spec}}).value().selector.matches({{"app", "web"}}));
  CHECK_FALSE(decode<StatefulSet>({{"metadata", meta}, {"spec", spec}}).value().selector.matches({}));
}

TEST_CASE("what is wrong in them is named by its field") {
  CHECK(decode<Service>({{"spec", {{"selector", 3}}}}).error().context.starts_with("spec.selector: "));
  CHECK(decode<ReplicaSet>({{"spec", {{"selector", {{"matchExpressions", {{{"key", "a"}}}}}}}}})
            .error()
            .context.starts_with("spec.selector.matchExpressions[0]: operator is required"));
}

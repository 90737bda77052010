#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <actimanager/api/json_value.hpp>
#include <actimanager/api/node.hpp>
#include <actimanager/kube/store.hpp>

namespace actimanager::kube {
namespace {

using api::JsonDocument;
using nlohmann::json;

json node(const char* name, const char* version) {
  return {{"metadata", {{"name", name}, {"resourceVersion", version}}}};
}

struct Fixture {
  Store<api::Node> store;
  std::vector<std::string> log;
  Fixture() {
    store.on_change([this](const auto& before, const auto& after) {
      log.push_back((before ? before->meta.name + before->meta.resource_version : "-") + ">" +
                    (after ? after->meta.name + after->meta.resource_version : "-"));
    });
    store.on_synced([this] { log.emplace_back("synced"); });
  }
  void list(const std::vector<json>& objects) {
    store.begin_list();
    for (const auto& object : objects) REQUIRE(store.add_to_list(JsonDocument(object).root()));
    while (store.apply_list(1)) {
    }
  }
};

TEST_CASE("Store: a list brings what is new or changed and takes what is gone, once") {
  Fixture f;
  CHECK_FALSE(f.store.synced());
  f.list({node("a", "1"), node("b", "1")});
  CHECK(f.store.synced());
  CHECK(f.store.items().size() == 2);
  CHECK(f.log.size() == 3);
  CHECK(f.log.back() == "synced");
  f.log.clear();
  f.list({node("b", "2"), node("c", "1")});
  CHECK(f.log == std::vector<std::string>{"a1>-", "->c1", "b1>b2"});
  f.log.clear();
  f.list({node("b", "2"), node("c", "1")});
  CHECK(f.log.empty());
}

TEST_CASE("Store: objects are prepared before they are kept") {
  Store<api::Node> store([](api::Node& node) { node.meta.labels["prepared"] = node.meta.name; });
  store.begin_list();
  REQUIRE(store.add_to_list(JsonDocument(node("a", "1")).root()));
  while (store.apply_list(1)) {
  }
  REQUIRE(store.put(JsonDocument(node("b", "1")).root()));
  for (const auto* name : {"a", "b"}) CHECK(*store.get(name)->meta.label("prepared") == name);
}

TEST_CASE("Store: a list that broke off changes nothing") {
  Fixture f;
  f.list({node("a", "1")});
  f.store.begin_list();
  REQUIRE(f.store.add_to_list(JsonDocument(node("z", "9")).root()));
  f.list({node("a", "1")});
  CHECK(f.store.items().size() == 1);
}

TEST_CASE("Store: an object that cannot be understood leaves the one before in place") {
  Fixture f;
  f.list({node("a", "1")});
  f.store.begin_list();
  CHECK_FALSE(f.store.add_to_list(JsonDocument(json({{"metadata", {{"name", "a"}, {"labels", 7}}}})).root()));
  CHECK_FALSE(
      f.store.add_to_list(JsonDocument(json({{"metadata", {{"name", "new"}, {"labels", 7}}}})).root()));
  while (f.store.apply_list(1)) {
  }
  CHECK(f.store.items().size() == 1);
  CHECK_FALSE(f.store.put(JsonDocument(json({{"metadata", {{"name", "a"}, {"labels", 7}}}})).root()));
  CHECK(f.store.get("a")->meta.resource_version == "1");
  REQUIRE(f.store.put(JsonDocument(node("a", "2")).root()));
  f.store.erase("a");
  f.store.erase("a");
  CHECK(f.log == std::vector<std::string>{"->a1", "synced", "a1>a2", "a2>-"});
}

TEST_CASE("Store: a reader keeps what it took, whatever comes after") {
  Fixture f;
  f.list({node("a", "1")});
  const auto taken = f.store.get("a");
  f.store.erase("a");
  CHECK(taken->meta.resource_version == "1");
}

}  // namespace
}  // namespace actimanager::kube

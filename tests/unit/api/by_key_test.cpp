#include <memory>
#include <string>
#include <unordered_set>

#include <catch2/catch_test_macros.hpp>

#include <actimanager/api/by_key.hpp>
#include <actimanager/api/node.hpp>

using namespace actimanager::api;

namespace {

std::shared_ptr<const Node> object(const char* name_space, const char* name) {
  auto node = std::make_shared<Node>();
  node->meta.namespace_ = name_space;
  node->meta.name = name;
  return node;
}

}  // namespace

TEST_CASE("KeyHash, KeyEqual: objects are found by namespace and name") {
  std::unordered_set<std::shared_ptr<const Node>, KeyHash, KeyEqual> objects;
  for (const auto& each : {object("blue", "web"), object("green", "web"), object("", "web")}) {
    CHECK(objects.insert(each).second);
    const auto found = objects.find(std::string_view(each->meta.key()));
    REQUIRE(found != objects.end());
    CHECK(*found == each);
  }
  CHECK_FALSE(objects.insert(object("blue", "web")).second);
  for (const std::string_view key : {"blue/we", "blue/webs", "blu/web", "blueweb", "/web", "", "red/web"}) {
    CHECK(objects.find(key) == objects.end());
  }
}

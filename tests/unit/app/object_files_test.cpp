#include "object_files.hpp"

#include <catch2/catch_test_macros.hpp>

#include "files.hpp"

using namespace actimanager::app;
using actimanager::app::testing::Files;

namespace {

std::vector<std::string> names(const std::vector<nlohmann::json>& objects) {
  std::vector<std::string> names;
  for (const auto& object : objects) names.push_back(object["metadata"]["name"]);
  return names;
}

}  // namespace

TEST_CASE("lists are taken apart in order, also those in lists") {
  const Files files;
  const auto path = files.write("lists.json", R"({"kind": "List", "items": [
    {"kind": "Node", "metadata": {"name": "a"}},
    {"kind": "List", "items": [{"kind": "Node", "metadata": {"name": "b"}},
                               {"kind": "Node", "metadata": {"name": "c"}}]},
    {"kind": "Node", "metadata": {"name": "d"}}]})");
  CHECK(names(read_objects(path).value()) == std::vector<std::string>{"a", "b", "c", "d"});
  CHECK(read_objects(files.write("none.json", R"({"kind": "List", "items": []})")).value().empty());
}

TEST_CASE("a file or directory without an object is told") {
  const Files files;
  for (const auto* text : {"", " \n", "# nothing\n---\n"}) {
    CHECK(read_objects(files.write("empty.yaml", text)).error().context ==
          files.top() + "/empty.yaml: there is no object in it");
  }
  const Files directory;
  directory.write("notes.txt", "kind: Node");
  CHECK(read_objects(directory.top()).error().context ==
        directory.top() + ": there is no *.json, *.yaml or *.yml in it");
}

TEST_CASE("items of a typed list are of its kind") {
  const Files files;
  const auto objects =
      read_objects(files.write("pods.json", R"({"kind": "PodList", "apiVersion": "v1", "items": [
                                              {"metadata": {"name": "a"}},
                                              {"kind": "Node", "metadata": {"name": "b"}}]})"))
          .value();
  REQUIRE(objects.size() == 2);
  CHECK(objects[0]["kind"] == "Pod");
  CHECK(objects[0]["apiVersion"] == "v1");
  CHECK(objects[1]["kind"] == "Node");
}

TEST_CASE("what begins like JSON may be YAML") {
  const Files files;
  const auto flow =
      files.write("flow.yaml", "{kind: Node, metadata: {name: a}}\n---\nkind: Node\nmetadata: {name: b}\n");
  CHECK(names(read_objects(flow).value()) == std::vector<std::string>{"a", "b"});
  const auto apart = files.write("apart.json", R"({"metadata": {"name": "a"}}
---
{"metadata": {"name": "b"}}
)");
  CHECK(names(read_objects(apart).value()) == std::vector<std::string>{"a", "b"});
  const auto broken = read_objects(files.write("broken.json", R"({"kind": "Node",)"));
  REQUIRE_FALSE(broken);
  CHECK(broken.error().message().contains("broken.json: parse error at line 1, column "));
}

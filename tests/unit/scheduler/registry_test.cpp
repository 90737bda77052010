#include "registry.hpp"

#include <set>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <actimanager/api/json_cursor.hpp>

using namespace actimanager;
using namespace actimanager::scheduler;

TEST_CASE("every plugin is there once, found by its name, and says that name itself") {
  std::set<std::string_view> names;
  const nlohmann::json nothing;
  for (const auto& registered : registry()) {
    CAPTURE(registered.name);
    CHECK(names.insert(registered.name).second);
    CHECK(find_registered(registered.name) == &registered);
    if (registered.make == nullptr) continue;
    const api::JsonDocument document(nothing);
    api::JsonReader reader(document.root());
    const auto plugin = registered.make(reader.root());
    CHECK_FALSE(reader.error());
    CHECK(plugin->name() == registered.name);
    CHECK(plugin->points() != 0);
  }
  CHECK(find_registered("Coscheduling") == nullptr);
  CHECK(find_registered("") == nullptr);
}

TEST_CASE("only the plugins that place CPUs are ours, the rest has upstream's defaults") {
  for (const auto& registered : registry()) {
    CAPTURE(registered.name);
    const bool ours = registered.name == "WorkloadAware" || registered.name == "PodIsolation";
    CHECK(registered.places_cpus == ours);
    if (ours) CHECK_FALSE(registered.by_default);
    CHECK(registered.weight >= 1);
  }
  CHECK(find_registered("TaintToleration")->weight == 3);
  CHECK(find_registered("NodeAffinity")->weight == 2);
}

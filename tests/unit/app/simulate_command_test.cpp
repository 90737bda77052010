#include "simulate_command.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "files.hpp"

using namespace actimanager::app;
using namespace actimanager::app::testing;

namespace {

Told simulate(const SimulateOptions& options) {
  return told_by([](const auto& o, auto& out, auto& err) { return simulate_command(o, out, err); }, options);
}

struct Fixture : Files {
  SimulateOptions options{.cluster = {.files = {write("cluster.yaml", cluster_yaml)}},
                          .pods = {write("pods.yaml", pods_yaml)}};
};

}  // namespace

TEST_CASE("simulate shows where each Pod went, why not, and what the CPUs came to") {
  Fixture fixture;
  fixture.options.policies = {"MaximumUtilization", "Balanced"};
  const auto told = simulate(fixture.options);
  CHECK(told.status == 0);
  CHECK(told.err.empty());
  CHECK(
      told.out.starts_with("POD           MaximumUtilization  Balanced\n"
                           "default/new   a 1,5 (CPU)         a 1,5 (CPU)\n"
                           "default/huge  -                   -\n"));
  CHECK(told.out.contains("Not placed (Balanced):\n  default/huge: 0/2 nodes are available: "));
  CHECK(told.out.ends_with(
      "                           CPUS  UTILISATION  FREE  FRAGMENTED  IDLE CORES  IDLE SOCKETS\n"
      "before                       16        12.5%    14        0.0%  7/8         1/2\n"
      "after, MaximumUtilization    16        25.0%    12        0.0%  6/8         1/2\n"
      "after, Balanced              16        25.0%    12        0.0%  6/8         1/2\n"));
}

TEST_CASE("simulate draws the nodes' CPUs by who has them") {
  Fixture fixture;
  fixture.options.output = "map";
  const auto told = simulate(fixture.options);
  CHECK(told.out.starts_with("a: "));
  CHECK(told.out.contains("A default/new (1,5)"));
  CHECK(told.out.contains("B held before (0,4)"));
  CHECK(told.out.contains("\nb: "));
}

TEST_CASE("simulate -o json has a run for each policy") {
  Fixture fixture;
  fixture.options.output = "json";
  const auto json = nlohmann::json::parse(simulate(fixture.options).out);
  REQUIRE(json["runs"].size() == 1);
  const auto& run = json["runs"][0];
  CHECK(run["policy"].is_null());
  CHECK(run["pods"][0] == nlohmann::json{{"pod", "default/new"},
                                         {"node", "a"},
                                         {"cpus", "1,5"},
                                         {"exclusivenessLevel", "CPU"},
                                         {"message", ""},
                                         {"evicted", nlohmann::json::array()}});
  CHECK(run["pods"][1]["node"].is_null());
  CHECK(run["before"]["exclusive"] == 2);
  CHECK(run["after"]["exclusive"] == 4);
}

TEST_CASE("what simulate cannot do it says in one line") {
  Fixture fixture;
  fixture.options.policies = {"Fast"};
  CHECK(simulate(fixture.options).err.contains("policy: \"Fast\" is not one of"));
  fixture.options.policies.clear();
  fixture.options.pods = {fixture.top() + "/absent.yaml"};
  CHECK(simulate(fixture.options).err.contains("--pods: "));
  CHECK(simulate(fixture.options).status == 1);
}

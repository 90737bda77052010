#include "offline.hpp"

#include <catch2/catch_test_macros.hpp>

#include "files.hpp"

using namespace actimanager::app;
using actimanager::app::testing::Files;

TEST_CASE("offline there is always a default-scheduler, beside the configured profiles") {
  const auto built_in = offline_config("").value();
  CHECK(built_in.profile("maestro")->plugin("WorkloadAware") != nullptr);
  REQUIRE(built_in.profile("default-scheduler") != nullptr);
  CHECK(built_in.profile("default-scheduler")->plugin("WorkloadAware") == nullptr);
  const Files files;
  const auto path = files.write("config.yaml", R"(
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles: [{schedulerName: default-scheduler, plugins: {multiPoint: {enabled: [{name: WorkloadAware}]}}}]
)");
  const auto own = offline_config(path).value();
  CHECK(own.profiles.size() == 1);
  CHECK(own.profile("default-scheduler")->plugin("WorkloadAware") != nullptr);
}

TEST_CASE("a policy is set in every profile, and a bad one is refused by its path") {
  CHECK(offline_config("", "Balanced"));
  const auto bad = offline_config("", "Fast");
  REQUIRE_FALSE(bad);
  CHECK(bad.error().message().contains("pluginConfig[0].args.policy: \"Fast\" is not one of"));
}

TEST_CASE("a configuration that cannot be used is named") {
  const Files files;
  CHECK(offline_config(files.top() + "/absent").error().message().contains("absent: cannot be read"));
  CHECK(offline_config(files.write("bad.yaml", "kind: [")).error().message().contains("bad.yaml: line "));
  CHECK(offline_config(files.write("other.yaml", "kind: Pod")).error().message().contains("apiVersion"));
}

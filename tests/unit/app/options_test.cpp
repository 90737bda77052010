#include "options.hpp"

#include <algorithm>

#include <catch2/catch_test_macros.hpp>

using namespace actimanager;
using namespace std::chrono_literals;
using app::parse_command_line;

TEST_CASE("the flags of an existing DaemonSet are accepted as they are") {
  const auto options =
      parse_command_line({"run", "--node-name=n1", "--container-runtime=containerd", "--cgroups-path=/cgroup",
                          "--cgroups-driver=systemd", "--reconcile-period=15s", "--verbosity=3"});
  REQUIRE(options);
  CHECK(options->command == app::Options::Command::run);
  CHECK(options->run.node_name == "n1");
  CHECK(options->run.cgroups_path == "/cgroup");
  CHECK(options->run.cgroups_driver == "systemd");
  CHECK(options->run.reconcile_period == 15s);
  CHECK(options->run.kubelet_directory == "/var/lib/kubelet");
  CHECK(options->run.listen == ":8089");
  CHECK((options->run.roles.agent && options->run.roles.endpoint && options->run.roles.leader));
}

TEST_CASE("roles are a list of what this replica is to do") {
  const auto options = parse_command_line({"run", "--roles=leader,endpoint"});
  REQUIRE(options);
  CHECK_FALSE(options->run.roles.agent);
  CHECK(options->run.roles.leader);
  CHECK(options->run.roles.endpoint);
}

TEST_CASE("a bad flag is told in one line that names it, with status 2") {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{"run", "--nonsense"}, "--nonsense"},
      {{"run", "--reconcile-period=soon"}, "--reconcile-period"},
      {{"run", "--reconcile-period=0"}, "--reconcile-period"},
      {{"run", "--reserved-cpus=a-b"}, "--reserved-cpus"},
      {{"run", "--reserved-cpus=99999"}, "--reserved-cpus"},
      {{"run", "--roles=agent,boss"}, "--roles"},
      {{"run", "--roles="}, "--roles"},
      {{"run", "--cgroups-driver=magic"}, "--cgroups-driver"},
      {{"run", "--container-runtime=rkt"}, "--container-runtime"},
      {{"run", "--verbosity=-1"}, "--verbosity"},
      {{"run", "--lease-duration=5s"}, "--lease-duration"},
      {{"run", "--lease-retry-period=9s"}, "--lease-renew-deadline"},
      {{"-v", "4", "run"}, "a command comes first"},
      {{"topology", "--xml="}, "--xml"},
      {{"topology", "--synthetic="}, "--synthetic"},
      {{"topology", "-o", "png"}, "--output"},
      {{"doctor", "-o", "yaml"}, "--output"},
      {{"explain", "--pod", "p"}, "--live"},
      {{"explain", "--pod", "p", "--live", "--cluster", "c"}, "--live"},
      {{"explain", "--pod", "p", "--cluster", "c", "--kubeconfig", "k"}, "--live"},
      {{"doctor", "--reserved-cpus=x"}, "--reserved-cpus"},
      {{"reset", "--dry-run=perhaps"}, "--dry-run"},
      {{"reset", "everything"}, "everything"},
      {{}, "subcommand"},
      {{"dance"}, "dance"},
  };
  for (const auto& [arguments, names] : cases) {
    const auto options = parse_command_line(arguments);
    REQUIRE_FALSE(options);
    INFO(options.error().text);
    CHECK(options.error().code == 2);
    CHECK(options.error().text.starts_with("actimanager: "));
    CHECK(options.error().text.find(names) != std::string::npos);
    CHECK(std::ranges::count(options.error().text, '\n') == 1);
  }
}

TEST_CASE("doctor and reset look at this machine unless told otherwise") {
  const auto doctor = parse_command_line({"doctor", "--reserved-cpus=0-1", "-o", "json"});
  REQUIRE(doctor);
  CHECK(doctor->command == app::Options::Command::doctor);
  CHECK(doctor->doctor.cgroups_path == "/sys/fs/cgroup");
  CHECK(doctor->doctor.reserved_cpus == CpuSet{0, 1});
  CHECK(doctor->doctor.output == "json");
  const auto reset = parse_command_line({"reset", "--cgroups-path=/cgroup", "--dry-run"});
  REQUIRE(reset);
  CHECK(reset->command == app::Options::Command::reset);
  CHECK(reset->reset.cgroups_path == "/cgroup");
  CHECK(reset->reset.dry_run);
  CHECK_FALSE(reset->reset.force);
}

TEST_CASE("help and version are no errors") {
  for (const char* flag : {"--help", "--version"}) {
    const auto options = parse_command_line({flag});
    REQUIRE_FALSE(options);
    CHECK(options.error().code == 0);
    CHECK_FALSE(options.error().text.empty());
  }
}

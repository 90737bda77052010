#include "rediscovery.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace actimanager;
using roles::Rediscovery;

namespace {

// A machine whose CPUs and memory come and go, and whose topology can be found out or not.
struct MachineFake {
  Result<CpuSet> online = CpuSet{0, 1};
  NumaSet memory{0};
  std::string broken;  // why there is no topology
  int discoveries = 0;

  Rediscovery::Sources sources() {
    return {.hardware = [this]() -> Result<host::Hardware> {
              if (!online) return fail(online.error());
              return host::Hardware{*online, memory};
            },
            .discover = [this]() -> Result<topology::Topology> {
              ++discoveries;
              if (!broken.empty()) return fail(Errc::unavailable, broken);
              return topology::Topology::make({.sockets = {{SocketId{0}, *online}},
                                               .cores = {{CoreId{0}, SocketId{0}, *online}},
                                               .numa_nodes = {},
                                               .caches = {},
                                               .cpu_kinds = {}});
            }};
  }
};

}  // namespace

TEST_CASE("while no CPU or memory comes or goes nothing is found out anew") {
  MachineFake machine;
  Rediscovery rediscovery(machine.sources(), {0, 1});
  CHECK_FALSE(rediscovery.look());
  CHECK(machine.discoveries == 0);
}

TEST_CASE("a CPU that went or came back is a new topology") {
  MachineFake machine;
  Rediscovery rediscovery(machine.sources(), {0, 1});
  machine.online = CpuSet{0};
  auto news = rediscovery.look();
  REQUIRE((news && news->topology));
  CHECK(news->topology->cpus() == CpuSet{0});
  CHECK(news->before.online_cpus == CpuSet{0, 1});
  CHECK(news->now.online_cpus == CpuSet{0});
  CHECK_FALSE(rediscovery.look());
  machine.online = CpuSet{0, 1};
  news = rediscovery.look();
  REQUIRE((news && news->topology));
  CHECK(news->topology->cpus() == CpuSet{0, 1});
}

TEST_CASE("a CPU that went before the first look is a new topology") {
  MachineFake machine;
  machine.online = CpuSet{0};
  Rediscovery rediscovery(machine.sources(), {0, 1});
  const auto news = rediscovery.look();
  REQUIRE((news && news->topology));
  CHECK(news->topology->cpus() == CpuSet{0});
  CHECK_FALSE(rediscovery.look());
}

TEST_CASE("memory that a node got is a new topology") {
  MachineFake machine;
  Rediscovery rediscovery(machine.sources(), {0, 1});
  machine.memory = NumaSet{0, 2};
  const auto news = rediscovery.look();
  REQUIRE((news && news->topology));
  CHECK(news->before.memory == NumaSet{0});
  CHECK(news->now.memory == NumaSet{0, 2});
  CHECK_FALSE(rediscovery.look());
}

TEST_CASE("a topology that cannot be found out is told once, and tried for until it can") {
  MachineFake machine;
  Rediscovery rediscovery(machine.sources(), {0, 1});
  machine.online = CpuSet{0};
  machine.broken = "hwloc: no";
  const auto news = rediscovery.look();
  REQUIRE(news);
  CHECK_FALSE(news->topology);
  CHECK(news->failure.starts_with("hwloc: no"));
  CHECK_FALSE(rediscovery.look());
  CHECK(machine.discoveries == 2);
  machine.broken = "hwloc: never";
  CHECK(rediscovery.look());
  machine.broken.clear();
  const auto recovered = rediscovery.look();
  REQUIRE((recovered && recovered->topology));
  CHECK(recovered->failure.empty());
  CHECK_FALSE(rediscovery.look());
}

TEST_CASE("after a failure the same CPUs as before are looked at again, too") {
  MachineFake machine;
  Rediscovery rediscovery(machine.sources(), {0, 1});
  machine.online = fail(Errc::unavailable, "/sys/devices/system/cpu/online");
  REQUIRE(rediscovery.look());
  machine.online = CpuSet{0, 1};
  const auto news = rediscovery.look();
  REQUIRE((news && news->topology));
}

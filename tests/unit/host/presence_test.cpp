#include <catch2/catch_test_macros.hpp>

#include <actimanager/host/presence.hpp>

#include "cgroup_layout_fake.hpp"

using namespace actimanager;
using namespace actimanager::host;
using namespace actimanager::host::testing;

TEST_CASE("an agent is seen by whoever asks, for as long as it is there") {
  CgroupLayoutFake layout(CgroupVersion::v1);
  layout.add("kubepods");
  const auto open = [&] { return value_or_throw(Cgroup::open(layout.root().string(), CgroupVersion::v1)); };
  auto agent = open();
  auto second = open();
  REQUIRE(announce_agent(*agent));
  REQUIRE(announce_agent(*second));  // an upgrade
  CHECK_FALSE(value_or_throw(claim_without_agent(*open())));
  agent.reset();
  CHECK_FALSE(value_or_throw(claim_without_agent(*open())));
  second.reset();
  CHECK(value_or_throw(claim_without_agent(*open())));
}

TEST_CASE("no agent comes while somebody has made sure that there is none") {
  CgroupLayoutFake layout(CgroupVersion::v1);
  layout.add("kubepods");
  const auto open = [&] { return value_or_throw(Cgroup::open(layout.root().string(), CgroupVersion::v1)); };
  auto alone = open();
  REQUIRE(value_or_throw(claim_without_agent(*alone)));
  const auto refused = announce_agent(*open());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == std::errc::operation_would_block);
  alone.reset();
  CHECK(announce_agent(*open()));
}

TEST_CASE("of two agents one pins, and the other as soon as the first has ended") {
  CgroupLayoutFake layout(CgroupVersion::v1);
  layout.add("kubepods");
  const auto root = value_or_throw(Cgroup::open(layout.root().string(), CgroupVersion::v1));
  auto first = std::make_unique<PinningClaim>();
  PinningClaim second;
  CHECK(value_or_throw(first->take(*root)));
  CHECK(value_or_throw(first->take(*root)));
  CHECK_FALSE(value_or_throw(second.take(*root)));
  first.reset();
  CHECK(value_or_throw(second.take(*root)));
}

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <actimanager/host/cfs_quota.hpp>
#include <actimanager/host/systemd/keeper.hpp>

#include "cgroup_layout_fake.hpp"
#include "systemd/systemd_fake.hpp"

using namespace actimanager;
using namespace actimanager::host;
using host::testing::CgroupLayoutFake;
using Mood = systemd::testing::SystemdFake::Mood;
using Bytes = std::vector<std::uint8_t>;
using Calls = std::vector<std::string>;

namespace {

const std::string slice = "kubepods-poda.slice";
const std::string scope = "cri-containerd-" + CgroupLayoutFake::container_id('1') + ".scope";
// Its container on one of them alone.
const PodTarget on_2_and_9{.pod = {{2, 9}, {1}},
                           .containers = {{CgroupLayoutFake::container_id('1'), {{9}, {1}}}}};
const PodTarget on_4{.pod = {{4}, {1}}, .containers = {}};

class KeeperTest {
 public:
  KeeperTest() {
    const auto path = "kubepods.slice/" + slice;
    layout.add(path + "/" + scope);
    systemd.add(slice, "/" + path);
    systemd.add(scope, "/" + path + "/" + scope);
    boost::asio::co_spawn(context, keeper.run(),
                          boost::asio::bind_cancellation_slot(stop.slot(), [](const std::exception_ptr&) {}));
  }
  ~KeeperTest() {
    stop.emit(boost::asio::cancellation_type::terminal);
    context.run();
  }

  void want(const PodTarget* target, bool fresh = true, bool patient = false) {
    auto tree = value_or_throw(CgroupTree::open({.path = layout.root().string()}));
    keeper.want(value_or_throw(tree.scan()).at(0), target, fresh, patient);
  }
  // Until the keeper has said all, and how that went.
  std::optional<Error> outcome() {
    told = false;
    boost::asio::steady_timer limit(context, std::chrono::seconds(20));
    limit.async_wait([](auto) {});
    while (!told && limit.expiry() > std::chrono::steady_clock::now()) context.run_one();
    REQUIRE(told);
    return last;
  }
  // Nothing is left to be said.
  bool quiet() {
    told = false;
    context.poll();
    return !told && systemd.calls().empty();
  }

  boost::asio::io_context context;
  boost::asio::cancellation_signal stop;
  CgroupLayoutFake layout{CgroupVersion::v2};
  systemd::testing::SystemdFake systemd;
  bool told = false;
  std::optional<Error> last;
  systemd::Keeper keeper{context.get_executor(), systemd.socket(),
                         [this](const std::optional<Error>& failure) {
                           told = true;
                           last = failure;
                         }};
};

}  // namespace

TEST_CASE_METHOD(KeeperTest, "systemd is told of a pin, and of a container that has less, once") {
  want(&on_2_and_9);
  CHECK_FALSE(outcome());
  CHECK(systemd.property(slice, "AllowedCPUs") == Bytes{0x04, 0x02});
  CHECK(systemd.property(slice, "AllowedMemoryNodes") == Bytes{0x02});
  CHECK(systemd.property(scope, "AllowedCPUs") == Bytes{0x00, 0x02});
  CHECK(systemd.property(scope, "AllowedMemoryNodes").empty());
  CHECK(keeper.writes() == 2);
  systemd.calls();
  want(&on_2_and_9);
  keeper.retry();
  CHECK(quiet());
}

TEST_CASE_METHOD(KeeperTest, "systemd is told what has changed, and that a Pod is in the pool again") {
  want(&on_2_and_9);
  CHECK_FALSE(outcome());
  systemd.calls();
  want(&on_4);
  CHECK_FALSE(outcome());
  CHECK(systemd.calls() == Calls{"set " + scope + " AllowedCPUs", "set " + slice + " AllowedCPUs"});
  want(nullptr);
  CHECK_FALSE(outcome());
  CHECK(systemd.property(slice, "AllowedCPUs").empty());
  CHECK(systemd.property(slice, "AllowedMemoryNodes").empty());
  CHECK(systemd.property(scope, "AllowedCPUs").empty());
}

TEST_CASE_METHOD(KeeperTest, "what may wait is told, a while later, and of many changes the last one") {
  want(nullptr);
  want(&on_2_and_9, true, true);
  context.poll();
  CHECK(systemd.calls().empty());
  want(&on_4, true, true);
  CHECK_FALSE(outcome());
  CHECK(systemd.property(slice, "AllowedCPUs") == Bytes{0x10});
  CHECK(keeper.writes() == 1);
}

TEST_CASE_METHOD(KeeperTest, "a property that an earlier agent has left is found and taken back") {
  systemd.add(slice, "/kubepods.slice/" + slice, {0xff});
  want(nullptr, false);
  CHECK_FALSE(outcome());
  CHECK(systemd.property(slice, "AllowedCPUs").empty());
  CHECK(keeper.writes() == 1);
}

TEST_CASE_METHOD(KeeperTest, "what somebody else told systemd is told anew") {
  want(&on_4);
  CHECK_FALSE(outcome());
  systemd.add(scope, "/kubepods.slice/" + slice + "/" + scope, {0xff, 0xff});
  keeper.doubt("a");
  CHECK_FALSE(outcome());
  CHECK(systemd.property(scope, "AllowedCPUs").empty());
  CHECK(keeper.writes() == 2);
}

TEST_CASE_METHOD(KeeperTest, "a quota that is lifted is no property, and is one again when it is put back") {
  layout.add_file("kubepods.slice/" + slice + "/" + scope + "/cpu.max", "20000 100000\n");
  systemd.limit(scope, 200'000);
  auto tree = value_or_throw(CgroupTree::open({.path = layout.root().string()}));
  settle_quotas(value_or_throw(tree.scan()).at(0), QuotaWish::lift);
  auto target = on_4;
  target.lifts_quota = true;
  want(&target);
  CHECK_FALSE(keeper.settled("a"));
  CHECK_FALSE(outcome());
  CHECK(keeper.settled("a"));
  CHECK(systemd.quota(scope) == unlimited);
  want(&on_4);
  CHECK_FALSE(outcome());
  CHECK(systemd.quota(scope) == 200'000);
}

TEST_CASE_METHOD(KeeperTest, "a unit of another systemd is not told") {
  systemd.add(slice, "");
  systemd.add(scope, "/elsewhere/" + scope);
  want(&on_4);
  CHECK_FALSE(outcome());
  CHECK(keeper.writes() == 0);
}

TEST_CASE_METHOD(KeeperTest,
                 "whatever keeps systemd from answering is said, and tried again at the next look") {
  const auto [mood, says] = GENERATE(table<Mood, std::string>(
      {{Mood::hangs_up, "get ControlGroup"}, {Mood::denies, "not for you"}, {Mood::silent, "timed out"}}));
  CAPTURE(says);
  systemd.mood = mood;
  want(&on_4);
  const auto failure = outcome();
  REQUIRE(failure);
  CHECK(failure->code == Errc::unavailable);
  CHECK(failure->message().contains(says));
  CHECK(quiet());
  systemd.mood = Mood::well;
  keeper.retry();
  CHECK_FALSE(outcome());
  CHECK(systemd.property(slice, "AllowedCPUs") == Bytes{0x10});
}

TEST_CASE_METHOD(KeeperTest, "a keeper is stopped while systemd has not answered") {
  systemd.mood = Mood::silent;
  want(&on_4);
  for (int i = 0; i < 20; ++i) context.run_one_for(std::chrono::milliseconds(5));
  CHECK_FALSE(told);
  // ~KeeperTest cancels, and would not return if that had to wait.
}

TEST_CASE("without a bus there is an error that names the socket") {
  boost::asio::io_context context;
  CgroupLayoutFake layout{CgroupVersion::v2};
  layout.add("kubepods.slice/" + slice);
  std::optional<Error> last;
  systemd::Keeper keeper(context.get_executor(), "/nowhere/bus", [&](const auto& failure) {
    last = failure;
    context.stop();
  });
  auto tree = value_or_throw(CgroupTree::open({.path = layout.root().string()}));
  keeper.want(value_or_throw(tree.scan()).at(0), &on_4, true);
  boost::asio::co_spawn(context, keeper.run(), [](const std::exception_ptr&) {});
  context.run();
  REQUIRE(last);
  CHECK(last->message().contains("/nowhere/bus"));
}

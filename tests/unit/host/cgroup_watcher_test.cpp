#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

#include <actimanager/host/cgroup_watcher.hpp>

#include "cgroup_layout_fake.hpp"

using namespace actimanager;
using namespace actimanager::host;
using namespace actimanager::host::testing;
using Kind = CgroupEvent::Kind;

namespace {

struct Fixture {
  boost::asio::io_context context;
  CgroupLayoutFake layout{CgroupVersion::v1};
  std::unique_ptr<CgroupWatcher> watcher = value_or_throw(CgroupWatcher::open(context.get_executor()));

  std::shared_ptr<Cgroup> open(const std::string& path) {
    return value_or_throw(Cgroup::open(layout.root() / path, CgroupVersion::v1));
  }
  std::vector<CgroupEvent> next() {
    std::vector<CgroupEvent> events;
    boost::asio::co_spawn(context, watcher->next(),
                          [&](std::exception_ptr failure, std::vector<CgroupEvent> told) {
                            if (failure) std::rethrow_exception(failure);
                            events = std::move(told);
                          });
    context.run();
    context.restart();
    return events;
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "CgroupWatcher: Pods that come and go are told by their UID") {
  layout.add("kubepods");
  CHECK(watcher->watch_level(*open("kubepods"), true).value());
  CHECK_FALSE(watcher->watch_level(*open("kubepods"), true).value());  // not new
  std::filesystem::create_directory(layout.root() / "kubepods/podabc");
  CHECK(next() == std::vector{CgroupEvent{Kind::pod_appeared, "abc"}});
  std::filesystem::remove(layout.root() / "kubepods/podabc");
  CHECK(next() == std::vector{CgroupEvent{Kind::pod_gone, "abc"}});
}

TEST_CASE_METHOD(Fixture, "CgroupWatcher: another level means that the tree must be looked at") {
  layout.add("kubepods");
  REQUIRE(watcher->watch_level(*open("kubepods"), true));
  std::filesystem::create_directory(layout.root() / "kubepods/burstable");
  CHECK(next() == std::vector{CgroupEvent{Kind::tree_changed, ""}});
}

TEST_CASE_METHOD(Fixture, "CgroupWatcher: above Pods a Pod's name means nothing") {
  layout.add("kubepods");
  REQUIRE(watcher->watch_level(*open(""), false));
  std::filesystem::create_directory(layout.root() / "podruntime");
  CHECK(next() == std::vector{CgroupEvent{Kind::tree_changed, ""}});
}

TEST_CASE_METHOD(Fixture, "CgroupWatcher: whoever writes a cpuset of a Pod or container is noticed, once") {
  const auto container = CgroupLayoutFake::container_id('a');
  layout.add("podabc/" + container);
  const PodCgroup pod{"abc", open("podabc"), {{container, open("podabc/" + container), {}}}};
  CHECK(watcher->watch_pod(pod).value());
  for (const auto* file : {"/cpuset.cpus", "/cpuset.mems"}) {
    layout.add_file("podabc/" + container + file, "0");
    layout.add_file(std::string("podabc") + file, "0");
  }
  CHECK(next() == std::vector{CgroupEvent{Kind::pod_changed, "abc"}});
}

TEST_CASE_METHOD(Fixture, "CgroupWatcher: containers that come and go change their Pod, other files do not") {
  layout.add("podabc");
  REQUIRE(watcher->watch_pod({"abc", open("podabc"), {}}));
  layout.add_file("podabc/cgroup.procs", "1");
  layout.add_file("podabc/memory.max", "1");
  std::filesystem::create_directory(layout.root() / "podabc/container");
  CHECK(next() == std::vector{CgroupEvent{Kind::pod_changed, "abc"}});
  std::filesystem::remove(layout.root() / "podabc/container");
  CHECK(next() == std::vector{CgroupEvent{Kind::pod_changed, "abc"}});
}

TEST_CASE_METHOD(Fixture,
                 "CgroupWatcher: Pods that are forgotten, and containers a Pod has no longer, are not told") {
  for (const auto* path : {"podabc", "poddef/container", "podghi"}) layout.add(path);
  REQUIRE(watcher->watch_pod({"abc", open("podabc"), {}}));
  REQUIRE(watcher->watch_pod({"def", open("poddef"), {{"container", open("poddef/container"), {}}}}));
  REQUIRE(watcher->watch_pod({"ghi", open("podghi"), {}}));
  watcher->forget_pod("abc");
  REQUIRE(watcher->watch_pod({"def", open("poddef"), {}}));
  for (const auto* path : {"podabc", "poddef/container", "podghi"}) {
    layout.add_file(std::string(path) + "/cpuset.cpus", "0");
  }
  CHECK(next() == std::vector{CgroupEvent{Kind::pod_changed, "ghi"}});
}

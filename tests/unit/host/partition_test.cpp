#include <algorithm>

#include <catch2/catch_test_macros.hpp>

#include <actimanager/host/partition.hpp>

#include "cgroup_layout_fake.hpp"

using namespace actimanager;
using namespace actimanager::host;
using namespace actimanager::host::testing;
using Changes = std::vector<FileChange>;

namespace {

// Two Pods of one QoS level and one of none. Files are not cut off when they are written: after each step
// they are made what was written to them.
class PartitionTest {
 public:
  explicit PartitionTest(bool with_exclusive = true) {
    for (const auto& pod : {a, b, c}) layout.add(pod, "0-7");
    for (const auto& path : {a, b, c, level, kubepods}) {
      set(path, "cpuset.cpus.partition", "member");
      if (with_exclusive) set(path, "cpuset.cpus.exclusive", "");
    }
    scan();
  }
  void scan() {
    pods = value_or_throw(tree.scan());
    partitions.look(pods);
  }
  const PodCgroup& pod(const std::string& uid) const {
    return *std::ranges::find(pods, uid, &PodCgroup::uid);
  }
  // As the kernel would show it: the file is what was written last.
  void set(const std::string& path, const std::string& file, const std::string& text) {
    layout.remove(path + "/" + file);
    layout.add_file(path + "/" + file, text + "\n");
  }
  std::string get(const std::string& path, const std::string& file) const {
    return layout.read(path + "/" + file);
  }
  Changes changes() {
    auto all = partitions.take_changes();
    for (auto& change : all) change.path = change.path.substr(layout.root().string().size() + 1);
    return all;
  }
  // The kernel's part: what it was told is what it shows.
  void settle(const Changes& all) {
    for (const auto& change : all) set(change.path, change.file, change.after);
  }
  Result<void> enter(const std::string& uid, const CpuSet& cpus) {
    auto entered = partitions.enter(pod(uid), cpus);
    last = changes();
    settle(last);
    return entered;
  }
  void leave(const std::string& uid) {
    REQUIRE(partitions.leave(pod(uid)));
    REQUIRE(partitions.trim());
    last = changes();
    settle(last);
  }

  CgroupTree open() {
    layout.add(kubepods);
    return value_or_throw(CgroupTree::open({.path = layout.root().string()}));
  }

  const std::string kubepods = "kubepods.slice", level = kubepods + "/kubepods-burstable.slice";
  const std::string a = level + "/kubepods-burstable-poda.slice",
                    b = level + "/kubepods-burstable-podb.slice";
  const std::string c = kubepods + "/kubepods-podc.slice";
  CgroupLayoutFake layout{CgroupVersion::v2};
  CgroupTree tree = open();
  Partitions partitions{tree};
  std::vector<PodCgroup> pods;
  Changes last;
};

}  // namespace

TEST_CASE("a list has what is wanted in place of what was ours, and what is somebody else's") {
  CHECK(next_list({{}, {}}, {4, 5}) == ExclusiveList{{4, 5}, {4, 5}});
  CHECK(next_list({{1, 4, 5}, {4, 5}}, {5, 6}) == ExclusiveList{{1, 5, 6}, {5, 6}});
  CHECK(next_list({{1, 4}, {4}}, {}) == ExclusiveList{{1}, {}});
  CHECK(next_list({{1}, {}}, {1, 2}) == ExclusiveList{{1, 2}, {2}});
  // Remembered, and not written or not there any more.
  CHECK(next_list({{}, {4}}, {4}) == ExclusiveList{{4}, {4}});
  CHECK(next_list({{}, {4}}, {}) == ExclusiveList{{}, {}});
}

TEST_CASE("only one text says that the partition is valid") {
  CHECK(is_isolated("isolated"));
  for (const auto* other : {"", "member", "root", "isolated invalid (Parent is not a partition root)"})
    CHECK_FALSE(is_isolated(other));
}

TEST_CASE_METHOD(PartitionTest, "levels have the CPUs before the Pod, and give them back after it") {
  REQUIRE(enter("a", {4, 5}));
  CHECK(last == Changes{{kubepods, "cpuset.cpus.exclusive", "", "4-5"},
                        {level, "cpuset.cpus.exclusive", "", "4-5"},
                        {a, "cpuset.cpus.exclusive", "", "4-5"},
                        {a, "cpuset.cpus.partition", "member", "isolated"}});
  REQUIRE(partitions.of("a"));
  CHECK(*partitions.of("a") == CpuSet{4, 5});
  REQUIRE(enter("a", {4, 5}));
  CHECK(last.empty());

  leave("a");
  CHECK(last == Changes{{a, "cpuset.cpus.partition", "isolated", "member"},
                        {a, "cpuset.cpus.exclusive", "4-5", ""},
                        {level, "cpuset.cpus.exclusive", "4-5", ""},
                        {kubepods, "cpuset.cpus.exclusive", "4-5", ""}});
  CHECK(partitions.of("a") == nullptr);
  scan();
  CHECK(partitions.of("a") == nullptr);
  leave("a");
  CHECK(last.empty());
}

TEST_CASE_METHOD(PartitionTest,
                 "levels have the CPUs of all partitions below them, and what was there before") {
  set(kubepods, "cpuset.cpus.exclusive", "7");
  REQUIRE(enter("a", {4}));
  REQUIRE(enter("b", {2}));
  REQUIRE(enter("c", {5}));
  CHECK(get(level, "cpuset.cpus.exclusive") == "2,4");
  CHECK(get(kubepods, "cpuset.cpus.exclusive") == "2,4-5,7");
  leave("b");
  CHECK(get(level, "cpuset.cpus.exclusive") == "4");
  leave("a");
  leave("c");
  CHECK(get(level, "cpuset.cpus.exclusive") == "");
  CHECK(get(kubepods, "cpuset.cpus.exclusive") == "7");
}

TEST_CASE_METHOD(PartitionTest,
                 "a partition is found by the next agent; a Pod that is gone leaves nothing above it") {
  REQUIRE(enter("a", {4}));
  REQUIRE(enter("c", {5}));
  Partitions next(tree);
  next.look(pods);
  REQUIRE(next.of("a"));
  CHECK(*next.of("a") == CpuSet{4});
  CHECK(next.enter(pod("a"), {4}));
  CHECK(next.take_changes().empty());

  layout.remove(a);
  scan();
  CHECK(partitions.of("a") == nullptr);
  REQUIRE(partitions.trim());
  settle(changes());
  CHECK(get(level, "cpuset.cpus.exclusive") == "");
  CHECK(get(kubepods, "cpuset.cpus.exclusive") == "5");
}

TEST_CASE_METHOD(PartitionTest, "other CPUs, or what somebody else has made of it, begin anew") {
  REQUIRE(enter("a", {4}));
  REQUIRE(enter("a", {5}));
  CHECK(get(a, "cpuset.cpus.exclusive") == "5");
  CHECK(get(kubepods, "cpuset.cpus.exclusive") == "5");
  set(a, "cpuset.cpus.partition", "root");
  REQUIRE(enter("a", {5}));
  CHECK(last.front() == FileChange{a, "cpuset.cpus.partition", "root", "member"});
  CHECK(last.back() == FileChange{a, "cpuset.cpus.partition", "member", "isolated"});
}

TEST_CASE_METHOD(PartitionTest, "what the kernel refuses is told in its words, and nothing is left of it") {
  SECTION("it says so in the file") {
    // What is written over it keeps its end.
    set(a, "cpuset.cpus.partition", "member   invalid (Parent is not a partition root)");
    const auto entered = enter("a", {4});
    REQUIRE_FALSE(entered);
    CHECK(entered.error().message().contains("isolated invalid (Parent is not a partition root)"));
  }
  SECTION("it does not take a level's list") {
    layout.remove(level + "/cpuset.cpus.exclusive");
    std::filesystem::create_directory(layout.root() / level / "cpuset.cpus.exclusive");
    const auto entered = enter("a", {4});
    REQUIRE_FALSE(entered);
    CHECK(entered.error().message().contains("kubepods-burstable.slice: read cpuset.cpus.exclusive"));
  }
  CHECK(partitions.of("a") == nullptr);
  CHECK(get(kubepods, "cpuset.cpus.exclusive") == "");
  scan();
  CHECK(partitions.of("a") == nullptr);
}

TEST_CASE("a kernel without exclusive lists is asked all the same, and left as it was") {
  PartitionTest test(false);
  test.set(test.a, "cpuset.cpus.partition", "member   invalid (Parent is not a partition root)");
  const auto entered = test.enter("a", {4});
  REQUIRE_FALSE(entered);
  CHECK(entered.error().message().contains("isolated invalid (Parent is not a partition root)"));
  CHECK(test.last.back().after == "member");
  test.scan();
  CHECK(test.partitions.of("a") == nullptr);
}

TEST_CASE_METHOD(PartitionTest, "a dry run says what it would do, and does not") {
  REQUIRE(enter("a", {4}));
  Partitions dry(tree, true);
  dry.look(pods);
  REQUIRE(dry.leave(pod("a")));
  REQUIRE(dry.trim());
  CHECK(dry.take_changes().size() == 4);
  CHECK(get(a, "cpuset.cpus.partition") == "isolated");
  CHECK(get(kubepods, "cpuset.cpus.exclusive") == "4");
  scan();
  CHECK(partitions.of("a") != nullptr);
}

TEST_CASE("cgroup v1 has no partitions") {
  CgroupLayoutFake layout(CgroupVersion::v1);
  layout.add("cpuset/kubepods/poda");
  auto tree = value_or_throw(CgroupTree::open({.path = layout.root().string()}));
  const auto pods = value_or_throw(tree.scan());
  Partitions partitions(tree);
  partitions.look(pods);
  CHECK(partitions.enter(pods[0], {1}).error().message().contains("cgroup v1 has no partitions"));
  CHECK(partitions.leave(pods[0]));
  CHECK(partitions.trim());
}

#include "pinner.hpp"

#include <algorithm>
#include <filesystem>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>
#include <spdlog/spdlog.h>

#include <actimanager/host/presence.hpp>

#include "cgroup_layout_fake.hpp"
#include "few_files.hpp"
#include "no_writes.hpp"

using namespace actimanager;
using host::testing::CgroupLayoutFake;

namespace {

// Pods a and b on a CPU each, and c in the shared pool. The files are not cut off when written: sets are
// named by one digit.
class PinnerTest {
 public:
  PinnerTest() {
    layout.add("cpuset/kubepods");
    layout.add_file("cpu/cpu.cfs_quota_us", "-1\n");
    for (const char* pod : {"a", "b", "c"}) {
      layout.add(std::string("cpuset/kubepods/pod") + pod, "0");
      limit(pod);
    }
    start();
  }
  // A new agent.
  void start() {
    pinner.reset();
    pinner = value_or_throw(
        roles::Pinner::open(context.get_executor(), {.path = layout.root().string()}, "", metrics, log));
    pinner->set_handlers(
        {.seen = [this](const std::string&) { seen.push_back(now()); },
         .drift =
             [this](const std::string& uid, const std::string& message) {
               drifts.push_back(uid);
               told = message;
             },
         .quarrel = [this](const std::string& uid, const std::string&) { quarrels.push_back(uid); }});
  }

  std::string cpus(const std::string& pod) const {
    return layout.read("cpuset/kubepods/pod" + pod + "/cpuset.cpus");
  }
  // Of two digits, as long as "-1".
  void limit(const std::string& pod, const std::string& quota = "20") {
    layout.add_file("cpu/kubepods/pod" + pod + "/cpu.cfs_quota_us", quota + "\n");
    layout.add_file("cpu/kubepods/pod" + pod + "/cpu.cfs_period_us", "100000\n");
  }
  std::string quotas() const {
    std::string all;
    for (const char* pod : {"a", "b", "c"})
      all += layout.read(std::string("cpu/kubepods/pod") + pod + "/cpu.cfs_quota_us") + " ";
    return all;
  }
  static roles::Targets lifting_a() {
    auto lifting = targets({0}, {1}, {2});
    lifting.pods["a"].lifts_quota = true;
    return lifting;
  }
  void move_a() {
    layout.remove("cpuset/kubepods/poda/cpuset.cpus");
    layout.add_file("cpuset/kubepods/poda/cpuset.cpus", "3\n");
  }
  std::string now() const { return cpus("a") + " " + cpus("b") + " " + cpus("c"); }
  static roles::Targets targets(const CpuSet& a, const CpuSet& b, const CpuSet& shared) {
    return {.shared = {.pod = {shared, {}}, .containers = {}},
            .pods = {{"a", {.pod = {a, {}}, .containers = {}}}, {"b", {.pod = {b, {}}, .containers = {}}}},
            .exclusive = a | b};
  }

  boost::asio::io_context context;
  roles::AgentMetrics metrics;
  spdlog::logger log{"test"};
  CgroupLayoutFake layout{host::CgroupVersion::v1};
  std::unique_ptr<roles::Pinner> pinner;
  std::vector<std::string> seen;  // the CPUs of a, b, c after each Pod that was written
  std::vector<std::string> drifts, quarrels;
  std::string told;  // of the last drift
};

using States = std::vector<std::string>;

}  // namespace

TEST_CASE_METHOD(PinnerTest, "two Pods that swap their CPUs are never on the same one") {
  pinner->apply(targets({0}, {1}, {2}));
  CHECK(now() == "0 1 2");
  seen.clear();
  pinner->apply(targets({1}, {0}, {2}));
  CHECK(seen == States{"2 1 2", "2 0 2", "1 0 2"});
  CHECK(pinner->sight("a")->pod == CpuSet{1});
  CHECK(drifts.empty());
}

TEST_CASE_METHOD(PinnerTest, "new targets move those whose target is another one, in the same order") {
  pinner->apply(targets({0}, {1}, {2}));
  seen.clear();
  pinner->retarget(targets({1}, {0}, {2}));
  CHECK(seen == States{"2 1 2", "2 0 2", "1 0 2"});
  CHECK(drifts.empty());
}

TEST_CASE_METHOD(PinnerTest, "new targets of others make nobody look at a Pod") {
  pinner->apply(targets({0}, {1}, {2}));
  move_a();
  pinner->retarget(targets({0}, {4}, {2}));
  CHECK(now() == "3 4 2");
  CHECK(drifts.empty());
  pinner->retarget(targets({0}, {4}, {1}));
  CHECK(now() == "3 4 1");
  pinner->apply(targets({0}, {4}, {1}));
  CHECK(now() == "0 4 1");
  CHECK(drifts == States{"a"});
}

TEST_CASE_METHOD(PinnerTest, "a Pod that is gone when it is to move is forgotten, and the others move") {
  pinner->apply(targets({0}, {1}, {2}));
  layout.remove("cpuset/kubepods/poda");
  pinner->retarget(targets({5}, {4}, {2}));
  CHECK(pinner->sight("a") == nullptr);
  CHECK(cpus("b") + " " + cpus("c") == "4 2");
}

TEST_CASE_METHOD(PinnerTest, "the first targets are everybody's, also where they are called new ones") {
  pinner->retarget(targets({0}, {1}, {2}));
  CHECK(now() == "0 1 2");
  pinner->let_be();
  pinner->retarget(targets({3}, {1}, {2}));
  CHECK(now() == "3 1 2");
}

TEST_CASE_METHOD(PinnerTest, "other programs of the node see that an agent is here, for as long as it is") {
  const auto alone = [this] {
    return value_or_throw(host::claim_without_agent(
        *value_or_throw(host::Cgroup::open((layout.root() / "cpuset").string(), host::CgroupVersion::v1))));
  };
  CHECK_FALSE(alone());
  pinner.reset();
  CHECK(alone());
}

TEST_CASE_METHOD(PinnerTest, "an agent that has just started takes nobody's CPUs before they have left") {
  layout.remove("cpuset/kubepods/podb/cpuset.cpus");
  layout.add_file("cpuset/kubepods/podb/cpuset.cpus", "1\n");
  layout.remove("cpuset/kubepods/podc/cpuset.cpus");
  layout.add_file("cpuset/kubepods/podc/cpuset.cpus", "2\n");
  pinner->apply(targets({1}, {3}, {2}));
  CHECK(seen.back() == "1 3 2");
  for (const auto& state : seen) CHECK_FALSE(state.starts_with("1 1"));
}

TEST_CASE_METHOD(PinnerTest,
                 "what is where it should be is not written, what somebody moved is put back and told") {
  pinner->apply(targets({0}, {1}, {2}));
  const auto writes = metrics.cpuset_writes;
  pinner->apply(targets({0}, {1}, {2}));
  CHECK(metrics.cpuset_writes == writes);
  move_a();
  pinner->apply(targets({0}, {1}, {2}));
  CHECK(now() == "0 1 2");
  CHECK(drifts == States{"a"});
  CHECK(metrics.drifts.total() == 1);
}

TEST_CASE_METHOD(PinnerTest,
                 "what the kernel refuses is nobody's drift, and drift that it keeps is told so") {
  pinner->apply(targets({0}, {1}, {2}));
  {
    const host::testing::NoWrites none;
    pinner->apply(targets({3}, {1}, {2}));
    CHECK(pinner->refused());
    pinner->apply(targets({3}, {1}, {2}));
    CHECK(drifts.empty());
  }
  pinner->apply(targets({3}, {1}, {2}));
  CHECK_FALSE(pinner->refused());
  CHECK(drifts.empty());
  layout.add_file("cpuset/kubepods/podb/cpuset.cpus", "5\n");
  {
    const host::testing::NoWrites none;
    pinner->apply(targets({3}, {1}, {2}));
    pinner->apply(targets({3}, {1}, {2}));
  }
  CHECK(drifts == States{"b"});
  CHECK(told.contains("the kernel refuses to put it back to 1"));
}

TEST_CASE_METHOD(PinnerTest, "no file of a Pod that is gone stays open") {
  const auto open_files = [] {
    return std::ranges::distance(std::filesystem::directory_iterator("/proc/self/fd"));
  };
  std::ptrdiff_t before = 0;
  for (int i = 0; i < 20; ++i) {
    const auto uid = "z" + std::to_string(i);
    layout.add("cpuset/kubepods/pod" + uid, "0");
    limit(uid);
    auto lifting = lifting_a();
    lifting.pods[uid] = lifting.pods["a"];
    pinner->apply(lifting);
    REQUIRE(pinner->sight(uid)->quota.lifted);
    layout.remove("cpuset/kubepods/pod" + uid);
    layout.remove("cpu/kubepods/pod" + uid);
    pinner->apply(lifting_a());
    if (i == 0) before = open_files();
  }
  CHECK(open_files() == before);
}

TEST_CASE_METHOD(PinnerTest, "a Pod that is moved again and again is one that somebody fights over") {
  pinner->apply(targets({0}, {1}, {2}));
  for (std::size_t i = 1; i <= roles::Quarrel::repairs_at_once; ++i) {
    CHECK(pinner->disturbance("a").empty());
    CHECK_FALSE(pinner->next_quarrel_over());
    move_a();
    pinner->apply(targets({0}, {1}, {2}));
  }
  CHECK(quarrels == States{"a"});
  CHECK(pinner->disturbance("a").contains("keeps writing its cpusets"));
  CHECK(pinner->disturbance("b").empty());
  CHECK(pinner->next_quarrel_over());
  // What is let then is seen, by those whom it concerns.
  boost::asio::co_spawn(context, pinner->watch(), boost::asio::detached);
  context.run_for(std::chrono::milliseconds(20));
  move_a();
  context.run_for(std::chrono::milliseconds(20));
  CHECK(now() == "3 1 2");
  CHECK(pinner->crowded("b", {3}) == CpuSet{3});
}

TEST_CASE_METHOD(PinnerTest, "where it was let be, what others wrote meanwhile is no drift") {
  pinner->apply(targets({0}, {1}, {2}));
  pinner->let_be();
  CHECK_FALSE(pinner->targets());
  move_a();
  CHECK(now() == "3 1 2");
  pinner->apply(targets({0}, {1}, {2}));
  CHECK(now() == "0 1 2");
  CHECK(drifts.empty());
}

namespace {

// Cgroup v1, where a Pod's only CPU goes offline: the kernel leaves its cgroups without CPUs, and moves its
// processes to the level above all Pods.
class EmptiedTest : public PinnerTest {
 public:
  EmptiedTest() {
    layout.add("cpuset/kubepods/poda/" + container, "0");
    pinner->apply(targets({0}, {1}, {2}));
    for (const auto& cgroup : {std::string("poda"), "poda/" + container}) {
      layout.remove("cpuset/kubepods/" + cgroup + "/cpuset.cpus");
      layout.add_file("cpuset/kubepods/" + cgroup + "/cpuset.cpus", "\n");
    }
  }

  const std::string container = CgroupLayoutFake::container_id('a');
};

}  // namespace

TEST_CASE_METHOD(EmptiedTest,
                 "a container that lost its last CPU has CPUs again, and it is told that nobody is in it") {
  pinner->apply(targets({3}, {1}, {3}));
  CHECK(layout.read("cpuset/kubepods/poda/" + container + "/cpuset.cpus") == "3");
  REQUIRE(pinner->sight("a")->error);
  CHECK(pinner->sight("a")->error->message().contains("restart the Pod"));
  CHECK_FALSE(pinner->sight("b")->error);
  pinner->apply(targets({3}, {1}, {3}));
  CHECK(pinner->sight("a")->error);
  layout.remove("cpuset/kubepods/poda/" + container);  // it was restarted: another one has come
  layout.add("cpuset/kubepods/poda/" + CgroupLayoutFake::container_id('b'), "3");
  pinner->apply(targets({3}, {1}, {3}));
  CHECK_FALSE(pinner->sight("a")->error);
}

TEST_CASE_METHOD(EmptiedTest, "what the kernel takes away with a CPU that goes offline is nobody's drift") {
  layout.remove("cpuset/cpuset.cpus");
  layout.add_file("cpuset/cpuset.cpus", "1-7\n");  // the machine's: 0 is gone
  pinner->apply(targets({0}, {1}, {2}));
  CHECK(drifts.empty());
  layout.remove("cpuset/kubepods/podb/cpuset.cpus");
  layout.add_file("cpuset/kubepods/podb/cpuset.cpus", "7\n");
  pinner->apply(targets({0}, {1}, {2}));
  CHECK(drifts == States{"b"});
}

TEST_CASE_METHOD(PinnerTest, "a level above Pods has CPUs again that came back") {
  layout.remove("cpuset/cpuset.cpus");
  layout.add_file("cpuset/cpuset.cpus", "0-3\n");
  layout.remove("cpuset/kubepods/cpuset.cpus");
  layout.add_file("cpuset/kubepods/cpuset.cpus", "0-3\n");
  pinner->apply(targets({0}, {1}, {2}));
  layout.remove("cpuset/kubepods/cpuset.cpus");
  layout.add_file("cpuset/kubepods/cpuset.cpus", "0-2\n");
  pinner->apply(targets({0}, {1}, {2}));
  CHECK(layout.read("cpuset/kubepods/cpuset.cpus") == "0-3");
}

TEST_CASE_METHOD(PinnerTest, "a quota is lifted while that is wanted, and put back when it is not") {
  pinner->apply(lifting_a());
  CHECK(quotas() == "-1 20 20 ");
  CHECK((pinner->sight("a")->quota.looked && pinner->sight("a")->quota.lifted));
  CHECK_FALSE(pinner->sight("a")->quota.limited);
  CHECK(metrics.quota_writes == 1);
  pinner->apply(lifting_a());
  CHECK(metrics.quota_writes == 1);
  pinner->apply(targets({0}, {1}, {2}));
  CHECK(quotas() == "20 20 20 ");
  CHECK_FALSE(pinner->sight("a")->quota.lifted);
  pinner->apply(targets({0}, {1}, {2}));
  CHECK(metrics.quota_writes == 2);
}

TEST_CASE_METHOD(PinnerTest,
                 "a quota that the kubelet writes while it is lifted is lifted, and put back later") {
  pinner->apply(lifting_a());
  limit("a", "30");
  pinner->look_at_quotas();
  CHECK(quotas() == "-1 20 20 ");
  pinner->apply(targets({0}, {1}, {2}));
  CHECK(quotas() == "30 20 20 ");
}

TEST_CASE_METHOD(PinnerTest,
                 "an agent that was away puts back what it finds lifted, and lifts what stays so") {
  pinner->apply(lifting_a());
  start();
  pinner->apply(lifting_a());
  CHECK(quotas() == "-1 20 20 ");
  start();
  auto with_memory = targets({0}, {1}, {2});
  with_memory.pods["a"].pod.mems = {0};  // which moves later than the CPUs
  pinner->apply(with_memory);
  CHECK(quotas() == "20 20 20 ");
}

TEST_CASE_METHOD(PinnerTest,
                 "who cannot be seen for want of open files keeps what it has, and is looked for again") {
  pinner->apply(targets({0}, {1}, {2}));
  REQUIRE(now() == "0 1 2");
  layout.add("cpuset/kubepods/podd", "0");
  {
    const host::testing::FewFiles none(0);
    pinner->apply(targets({3}, {1}, {2}));
    CHECK(pinner->refused());
    pinner->retarget(targets({4}, {1}, {2}));
    CHECK(pinner->refused());
  }
  CHECK(now() == "0 1 2");
  CHECK(pinner->sight("a") != nullptr);
  pinner->apply(targets({5}, {1}, {2}));
  CHECK_FALSE(pinner->refused());
  CHECK(now() == "5 1 2");
  CHECK(cpus("d") == "2");
}

TEST_CASE_METHOD(PinnerTest, "a Pod without a quota gets none") {
  limit("a", "-1");
  pinner->apply(lifting_a());
  CHECK((pinner->sight("a")->quota.looked && !pinner->sight("a")->quota.lifted));
  pinner->apply(targets({0}, {1}, {2}));
  CHECK(quotas() == "-1 20 20 ");
  CHECK(metrics.quota_writes == 0);
}

// On cgroup v2: Pods a and b, of which a may be a partition.
class PartitionPinnerTest {
 public:
  PartitionPinnerTest() {
    for (const char* path : {"kubepods", "kubepods/poda", "kubepods/podb"}) {
      layout.add(path, "0");
      layout.add_file(std::string(path) + "/cpuset.cpus.exclusive", "\n");
      layout.add_file(std::string(path) + "/cpuset.cpus.partition", "member\n");
    }
    pinner = value_or_throw(
        roles::Pinner::open(context.get_executor(), {.path = layout.root().string()}, "", metrics, log));
    pinner->set_handlers({.seen = [this](const std::string&) { ++seen; }, .drift = {}, .quarrel = {}});
  }
  static roles::Targets targets(bool partition, const CpuSet& shared = {0}) {
    return {.shared = {.pod = {shared, {}}, .containers = {}},
            .pods = {{"a", {.pod = {{0}, {}}, .containers = {}, .is_partition = partition}}},
            .exclusive = {0}};
  }
  std::string get(const std::string& path, const std::string& file = "cpuset.cpus.exclusive") const {
    return layout.read(path + "/" + file);
  }
  void set(const std::string& path, const std::string& file, const std::string& text) {
    layout.remove(path + "/" + file);
    layout.add_file(path + "/" + file, text + "\n");
  }

  boost::asio::io_context context;
  roles::AgentMetrics metrics;
  spdlog::logger log{"test"};
  CgroupLayoutFake layout{host::CgroupVersion::v2};
  std::unique_ptr<roles::Pinner> pinner;
  int seen = 0;
};

TEST_CASE_METHOD(PartitionPinnerTest, "a Pod is a partition for as long as that is wanted") {
  pinner->apply(targets(false));
  CHECK(get("kubepods/poda", "cpuset.cpus.partition") == "member");
  seen = 0;
  pinner->apply(targets(true));
  CHECK(get("kubepods/poda", "cpuset.cpus.partition") == "isolated");
  CHECK(get("kubepods") == "0");
  CHECK(pinner->sight("a")->partition == roles::PartitionSight{true, ""});
  CHECK(seen == 1);
  const auto writes = metrics.cpuset_writes;
  pinner->apply(targets(true));
  CHECK(metrics.cpuset_writes == writes);
  CHECK(seen == 1);
  pinner->apply(targets(false));
  CHECK(get("kubepods/poda", "cpuset.cpus.partition").starts_with("member"));
  CHECK(get("kubepods") == "");
  CHECK(pinner->sight("a")->partition == roles::PartitionSight{});
}

TEST_CASE_METHOD(PartitionPinnerTest, "new targets make a Pod a partition, and end it") {
  pinner->apply(targets(false));
  pinner->retarget(targets(true));
  CHECK(get("kubepods/poda", "cpuset.cpus.partition") == "isolated");
  pinner->retarget(targets(false));
  CHECK(get("kubepods/poda", "cpuset.cpus.partition").starts_with("member"));
  CHECK(get("kubepods") == "");
}

TEST_CASE_METHOD(PartitionPinnerTest, "who inherits is looked at when CPUs stop being isolated") {
  pinner->apply(targets(true));
  set("kubepods/podb", "cpuset.cpus", "1");
  pinner->retarget(targets(false));
  CHECK(get("kubepods/podb", "cpuset.cpus") == "0");
}

TEST_CASE_METHOD(PartitionPinnerTest,
                 "a Pod whose cgroup is there before its cpuset is pinned when that is") {
  const auto hide = [&](bool hidden) {
    for (const char* file :
         {"cpuset.cpus", "cpuset.mems", "cpuset.cpus.effective", "cpuset.mems.effective"}) {
      if (hidden) {
        layout.remove(std::string("kubepods/podb/") + file);
      } else {
        layout.add_file(std::string("kubepods/podb/") + file, "3\n");
      }
    }
  };
  hide(true);
  boost::asio::co_spawn(context, pinner->await_controllers(), boost::asio::detached);
  pinner->apply(targets(false));
  REQUIRE(pinner->sight("b"));
  CHECK(pinner->sight("b")->unready);
  CHECK_FALSE(pinner->refused());  // not yet
  context.run_for(std::chrono::milliseconds(5));
  hide(false);
  context.run_for(std::chrono::milliseconds(100));
  CHECK(get("kubepods/podb", "cpuset.cpus") == "0");
  CHECK_FALSE(pinner->sight("b")->unready);
  CHECK(metrics.pin_errors == 0);

  hide(true);
  pinner->apply(targets(false));
  context.run_for(std::chrono::milliseconds(1500));
  CHECK(pinner->sight("b")->error->message().contains("podb: has no cpuset"));
  CHECK(pinner->refused());
  CHECK(metrics.pin_errors == 1);
  hide(false);
  pinner->apply(targets(false));
  CHECK_FALSE(pinner->refused());
}

TEST_CASE_METHOD(PartitionPinnerTest,
                 "a Pod that is to be a partition becomes one when its cpuset is there") {
  const auto hide = [&](bool hidden) {
    for (const char* file : {"cpuset.cpus", "cpuset.mems", "cpuset.cpus.effective", "cpuset.mems.effective",
                             "cpuset.cpus.partition"}) {
      const auto path = std::string("kubepods/poda/") + file;
      if (hidden) {
        layout.remove(path);
      } else {
        layout.add_file(path, path.ends_with("partition") ? "member\n" : "0\n");
      }
    }
  };
  hide(true);
  boost::asio::co_spawn(context, pinner->await_controllers(), boost::asio::detached);
  pinner->apply(targets(true));
  CHECK(pinner->sight("a")->partition.refusal.empty());
  hide(false);
  context.run_for(std::chrono::milliseconds(100));
  CHECK(pinner->sight("a")->partition.refusal.empty());
  CHECK(get("kubepods/poda", "cpuset.cpus.partition") == "isolated");
  CHECK(pinner->sight("a")->partition.holds);
}

TEST_CASE_METHOD(PartitionPinnerTest,
                 "levels are left as they were when a Pod that was a partition is gone") {
  pinner->apply(targets(true));
  REQUIRE(get("kubepods") == "0");
  layout.remove("kubepods/poda");
  pinner->apply(targets(true));
  CHECK(get("kubepods") == "");
}

TEST_CASE_METHOD(PartitionPinnerTest,
                 "a kernel that refused is not asked again before something has changed") {
  set("kubepods/poda", "cpuset.cpus.partition", "member   invalid (Parent is not a partition root)");
  pinner->apply(targets(true));
  CHECK(pinner->sight("a")->partition.refusal.contains("isolated invalid (Parent is not a partition root)"));
  CHECK(pinner->sight("a")->pod == CpuSet{0});  // pinned all the same
  set("kubepods/poda", "cpuset.cpus.partition", "member");
  pinner->apply(targets(true));
  CHECK(get("kubepods/poda", "cpuset.cpus.partition") == "member");
  pinner->apply(targets(true, {1}));
  CHECK(get("kubepods/poda", "cpuset.cpus.partition") == "isolated");
  CHECK(pinner->sight("a")->partition == roles::PartitionSight{true, ""});
}

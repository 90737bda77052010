// Processes that cgroup v1's kernel has moved out of their Pods' cgroups.
#include <catch2/catch_test_macros.hpp>

#include <actimanager/host/strays.hpp>

#include "cgroup_layout_fake.hpp"

using namespace actimanager;
using namespace actimanager::host;
using namespace actimanager::host::testing;

namespace {

const std::string container = CgroupLayoutFake::container_id('c');
const std::string escaped = "6f1a2b3c_0000_4111_8222_333344445555";
const std::string uid = "6f1a2b3c-0000-4111-8222-333344445555";
const std::string slice = "kubepods.slice/kubepods-burstable.slice/";
const std::string scope =
    "kubepods-burstable-pod" + escaped + ".slice/cri-containerd-" + container + ".scope";

class Machine {
 public:
  Machine() {
    layout.add("cpuset/" + slice + scope);
    layout.add("cpuset/system.slice");
    layout.add_file("proc/47/cgroup", "12:cpuset:/" + slice + "\n4:memory:/" + slice + scope + "\n0::/\n");
    layout.add_file("proc/48/cgroup", "12:cpuset:/" + slice + "\n4:memory:/system.slice/some.service\n");
  }
  void put(const std::string& cgroup, const std::string& pids) {
    layout.remove("cpuset/" + cgroup + "/cgroup.procs");
    layout.add_file("cpuset/" + cgroup + "/cgroup.procs", pids);
  }
  std::string procs(const std::string& cgroup) const {
    return layout.read("cpuset/" + cgroup + "/cgroup.procs");
  }
  std::vector<Return> bring_back() {
    auto tree = value_or_throw(CgroupTree::open({.path = layout.root().string(), .driver = {}}));
    value_or_throw(tree.scan());
    return host::bring_back(tree, layout.root().string());
  }

  CgroupLayoutFake layout{CgroupVersion::v1};
};

}  // namespace

TEST_CASE("where a process belongs is where the other controllers have it") {
  struct Row {
    const char* what;
    std::string text;
    std::optional<Home> home;
  };
  const Row rows[] = {
      {"systemd", "12:cpuset:/" + slice + "\n4:memory:/" + slice + scope,
       Home{uid, {"cri-containerd-" + container + ".scope"}}},
      {"cgroupfs", "2:cpuset:/kubepods\n1:pids:/kubepods/besteffort/pod" + uid + "/" + container,
       Home{uid, {container}}},
      {"the deepest counts", "1:pids:/kubepods/pod1/c\n2:memory:/kubepods/pod1/c/inner\n0::/kubepods/pod1",
       Home{"1", {"c", "inner"}}},
      {"out of a cgroup namespace", "1:pids:/../../kubepods/pod1/c", Home{"1", {"c"}}},
      {"a node in a container", "1:pids:/docker/pods/kubelet/kubepods/pod1/c", Home{"1", {"c"}}},
      {"a name with colons", "1:pids:/kubepods/pod1/system.slice:crio:c", Home{"1", {"system.slice:crio:c"}}},
      {"nobody's", "1:pids:/system.slice/pod1/c\n0::/", std::nullopt},
      {"no such format", "nonsense\n1:", std::nullopt},
      {"nothing", "", std::nullopt},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    CHECK(home_of(row.text) == row.home);
  }
}

TEST_CASE("who lies among all Pods is put back, and nobody else is touched") {
  Machine machine;
  machine.put(slice, "47\n48\n49\n");  // 48 is another's, 49 has ended
  machine.put("system.slice", "47\n");
  const auto returns = machine.bring_back();
  REQUIRE(returns.size() == 1);
  CHECK(returns[0].pid == 47);
  CHECK(returns[0].home == Home{uid, {"cri-containerd-" + container + ".scope"}});
  CHECK_FALSE(returns[0].refused);
  CHECK(machine.procs(slice + scope) == "47");
}

TEST_CASE("a cgroup that is gone, or takes nobody, leaves its process where it is") {
  Machine machine;
  machine.put(slice, "47\n");
  machine.layout.remove("cpuset/" + slice + scope + "/cgroup.procs");
  auto returns = machine.bring_back();
  REQUIRE(returns.size() == 1);
  CHECK(returns[0].refused);
  machine.layout.remove("cpuset/" + slice + scope);
  CHECK(machine.bring_back().empty());
}

TEST_CASE("where nobody has strayed nothing is done") {
  Machine machine;
  machine.put(slice + scope, "47\n");
  CHECK(machine.bring_back().empty());
}

// Levels above Pods on cgroup v1, whose CPUs the kernel takes away and does not give back.
#include <algorithm>

#include <catch2/catch_test_macros.hpp>

#include <actimanager/host/cgroup_tree.hpp>
#include <actimanager/host/whole_levels.hpp>

#include "cgroup_layout_fake.hpp"

using namespace actimanager;
using namespace actimanager::host;
using namespace actimanager::host::testing;

namespace {

using Paths = std::vector<std::string>;

class Machine {
 public:
  Machine() {
    layout.add("cpuset/kubepods/burstable/poda");
    layout.add("cpuset/system/kubelet/kubepods/podb", "2-7");
    set("cpuset", "0-7");
    set("cpuset/system", "0-7");
  }

  void set(const std::string& cgroup, const std::string& cpus) {
    layout.remove(cgroup + "/cpuset.cpus");
    layout.add_file(cgroup + "/cpuset.cpus", cpus + "\n");
  }
  // Of all that have it, as the kernel does; the top gets it back, and nobody else.
  void without_cpu_7() {
    for (const char* level : {"cpuset", "cpuset/kubepods", "cpuset/kubepods/burstable", "cpuset/system"})
      set(level, "0-6");
    set("cpuset/system/kubelet", "2-6");
  }
  Result<Paths> restore() {
    auto tree = value_or_throw(CgroupTree::open({.path = layout.root().string(), .driver = {}}));
    value_or_throw(tree.scan());
    auto written = levels.restore(tree.levels());
    if (!written) return written;
    for (auto& path : *written) path.erase(0, layout.root().string().size() + 1);
    return written;
  }
  std::string cpus(const std::string& cgroup) const { return layout.read(cgroup + "/cpuset.cpus"); }

  CgroupLayoutFake layout{CgroupVersion::v1};
  WholeLevels levels;
};

}  // namespace

TEST_CASE("levels that had every CPU get those back that return, parents first") {
  Machine machine;
  CHECK(value_or_throw(machine.restore()).empty());
  machine.without_cpu_7();
  CHECK(value_or_throw(machine.restore()).empty());
  machine.set("cpuset", "0-7");
  const auto written = value_or_throw(machine.restore());
  CHECK(written.size() == 3);
  CHECK(std::ranges::find(written, "cpuset/kubepods") <
        std::ranges::find(written, "cpuset/kubepods/burstable"));
  for (const char* level : {"cpuset/kubepods", "cpuset/kubepods/burstable", "cpuset/system"})
    CHECK(machine.cpus(level) == "0-7");
  CHECK(value_or_throw(machine.restore()).empty());
}

TEST_CASE("a level that somebody made narrower stays so") {
  Machine machine;
  value_or_throw(machine.restore());
  machine.without_cpu_7();
  machine.set("cpuset", "0-7");
  value_or_throw(machine.restore());
  CHECK(machine.cpus("cpuset/system/kubelet") == "2-6");
  CHECK(machine.cpus("cpuset/system/kubelet/kubepods") == "2-7");
}

TEST_CASE("levels that are first seen while a CPU is offline get it when it comes") {
  Machine machine;
  machine.without_cpu_7();
  value_or_throw(machine.restore());
  machine.set("cpuset", "0-7");
  value_or_throw(machine.restore());
  CHECK(machine.cpus("cpuset/kubepods/burstable") == "0-7");
}

TEST_CASE("a level that has just been made is judged when it has CPUs") {
  Machine machine;
  machine.set("cpuset/kubepods", "");
  value_or_throw(machine.restore());
  CHECK(machine.cpus("cpuset/kubepods").empty());
  machine.set("cpuset/kubepods", "4-5");
  value_or_throw(machine.restore());
  CHECK(machine.cpus("cpuset/kubepods") == "4-5");
}

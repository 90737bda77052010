// Hierarchies as kubelets, runtimes and machines of every kind lay them out.
#include <algorithm>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>

#include <actimanager/host/cgroup_tree.hpp>

#include "cgroup_layout_fake.hpp"
#include "few_files.hpp"

using namespace actimanager;
using namespace actimanager::host;
using namespace actimanager::host::testing;

namespace {

const std::string uid = "6f1a2b3c-0000-4111-8222-333344445555";
const std::string escaped = "6f1a2b3c_0000_4111_8222_333344445555";
const std::string static_uid = "0f9e8d7c6b5a40302010ffeeddccbbaa";
const auto id = &CgroupLayoutFake::container_id;

CgroupTree open(const std::filesystem::path& path, CgroupDriver driver = CgroupDriver::unknown) {
  return value_or_throw(CgroupTree::open({.path = path.string(), .driver = driver}));
}

// "uid: container, container(nested)", one line per Pod, by UID.
std::string picture(const std::vector<PodCgroup>& pods) {
  std::vector<std::string> lines;
  for (const auto& pod : pods) {
    auto line = pod.uid + ":";
    for (const auto& container : pod.containers) {
      line += " " + (container.id.size() == 64 ? container.id.substr(0, 1) : container.id);
      for (const auto& nested : container.nested) {
        line += "(" + nested.cgroup->path().substr(nested.cgroup->path().rfind('/') + 1);
        line += nested.nested.empty() ? ")" : "...)";
      }
    }
    lines.push_back(std::move(line));
  }
  std::ranges::sort(lines);
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

}  // namespace

TEST_CASE("v1: beside the cpuset hierarchy is that of the cpu controller, at the same place") {
  CgroupLayoutFake layout(CgroupVersion::v1);
  layout.add("cpuset/docker/cpuset-box/kubepods");
  const auto box = layout.root() / "cpuset/docker/cpuset-box";
  CHECK(open(box).beside_with_cpu().error().context.contains("no cpu controller"));
  const auto* name = GENERATE("cpu", "cpu,cpuacct");
  layout.add_file(std::string(name) + "/docker/cpuset-box/cpu.cfs_quota_us", "-1\n");
  const auto tree = open(box).beside_with_cpu();
  REQUIRE(tree);
  CHECK(tree->root().path() == (layout.root() / name / "docker/cpuset-box").string());
}

TEST_CASE("v1, cgroupfs driver: containers lie in their Pod, Pods in their QoS level") {
  CgroupLayoutFake layout(CgroupVersion::v1);
  layout.add("cpuset/kubepods/burstable/pod" + uid + "/" + id('a'));
  layout.add("cpuset/kubepods/burstable/pod" + uid + "/" + id('b'));
  layout.add("cpuset/kubepods/besteffort/pod" + static_uid + "/" + id('c'));
  layout.add("cpuset/kubepods/podguaranteed-uid");
  layout.add("cpuset/system.slice/docker.service");
  layout.add("cpuset/docker/" + id('d'));
  auto tree = open(layout.root());
  CHECK(tree.version() == CgroupVersion::v1);
  CHECK(tree.driver() == CgroupDriver::unknown);
  CHECK(picture(tree.scan().value()) == static_uid + ": c\n" + uid + ": a b\nguaranteed-uid:\n");
  CHECK(tree.driver() == CgroupDriver::cgroupfs);
}

TEST_CASE("v1, systemd driver: the same in slices and scopes") {
  CgroupLayoutFake layout(CgroupVersion::v1);
  layout.add("cpuset/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + escaped +
             ".slice/cri-containerd-" + id('a') + ".scope");
  layout.add("cpuset/kubepods.slice/kubepods-pod" + static_uid + ".slice/docker-" + id('b') + ".scope");
  auto tree = open(layout.root());
  CHECK(picture(tree.scan().value()) == static_uid + ": b\n" + uid + ": a\n");
  CHECK(tree.driver() == CgroupDriver::systemd);
}

TEST_CASE("v2: the controller is at the top itself") {
  CgroupLayoutFake layout(CgroupVersion::v2);
  layout.add("kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" + escaped +
             ".slice/cri-containerd-" + id('a') + ".scope");
  auto tree = open(layout.root().string() + "///");
  CHECK(tree.version() == CgroupVersion::v2);
  CHECK(picture(tree.scan().value()) == uid + ": a\n");
}

TEST_CASE("hybrid: the controller is where it is, in v1 or in the unified mount beside it") {
  const bool unified_has_it = GENERATE(false, true);
  CgroupLayoutFake layout(unified_has_it ? CgroupVersion::v2 : CgroupVersion::v1);
  const auto* where = unified_has_it ? "unified" : "cpuset";
  layout.add(std::string(where) + "/kubepods/pod" + uid + "/" + id('a'));
  layout.remove("cpuset.cpus");  // the top of a hybrid host is a tmpfs
  layout.remove("cgroup.controllers");
  if (!unified_has_it) layout.add_file("unified/cgroup.controllers", "");
  auto tree = open(layout.root());
  CHECK(tree.version() == (unified_has_it ? CgroupVersion::v2 : CgroupVersion::v1));
  CHECK(tree.root().path() == (layout.root() / where).string());
  CHECK(picture(tree.scan().value()) == uid + ": a\n");
}

TEST_CASE("the path of the cpuset hierarchy itself will do, and one that is a link to it") {
  CgroupLayoutFake layout(CgroupVersion::v1);
  layout.add("cpu,cpuset/kubepods/pod" + uid + "/" + id('a'));
  layout.remove("cpuset.cpus");
  std::filesystem::create_directory_symlink("cpu,cpuset", layout.root() / "cpuset");
  for (const auto& path : {layout.root() / "cpu,cpuset", layout.root() / "cpuset", layout.root()}) {
    CHECK(picture(open(path).scan().value()) == uid + ": a\n");
  }
}

TEST_CASE("kind: a node's kubepods lies deep below the host's containers") {
  const bool systemd = GENERATE(false, true);
  CgroupLayoutFake layout(CgroupVersion::v2);
  if (systemd) {
    layout.add("system.slice/docker-" + id('0') + ".scope/kubelet.slice/kubelet-kubepods.slice/" +
               "kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod" + escaped +
               ".slice/cri-containerd-" + id('a') + ".scope");
  } else {
    layout.add("docker/" + id('0') + "/kubelet/kubepods/burstable/pod" + uid + "/" + id('a'));
  }
  auto tree = open(layout.root());
  CHECK(picture(tree.scan().value()) == uid + ": a\n");
  // What leads to Pods, parents first, and nothing else.
  CHECK(tree.levels().size() == 6);
  CHECK(tree.levels().front()->path() == layout.root().string());
}

TEST_CASE("what has a Pod's name above kubepods is none") {
  CgroupLayoutFake layout(CgroupVersion::v2);
  layout.add("kubepods/pod" + uid + "/" + id('a'));
  layout.add("podruntime");
  auto tree = open(layout.root());
  CHECK(picture(tree.scan().value()) == uid + ": a\n");
  CHECK(tree.find_pod(uid));
  CHECK_FALSE(tree.find_pod("runtime"));
}

TEST_CASE("CRI-O: conmon runs beside its container, on the Pod's CPUs") {
  CgroupLayoutFake layout(CgroupVersion::v2);
  const auto pod = "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + escaped + ".slice/";
  layout.add(pod + "crio-" + id('a') + ".scope");
  layout.add(pod + "crio-conmon-" + id('a') + ".scope");
  auto tree = open(layout.root());
  CHECK(picture(tree.scan().value()) == uid + ": a crio-conmon-" + id('a') + ".scope\n");
}

// As systemctl showed it in github.com/kubernetes/minikube/issues/11280: the node is a docker container, its
// runtime CRI-O; and CRI-O with the cgroupfs driver, on either version.
TEST_CASE("CRI-O: in a node that is a container, and in plain directories") {
  const auto version = GENERATE(CgroupVersion::v1, CgroupVersion::v2);
  const std::string top = version == CgroupVersion::v1 ? "cpuset/" : "";
  CgroupLayoutFake layout(version);
  if (version == CgroupVersion::v1) layout.add("cpuset");
  const auto node = top + "docker/d6701ec289c56e4391acb11d07474b3139466857a305490575508a8b7a9fcf22/";
  const auto pod = node + "kubepods.slice/kubepods-besteffort.slice/" +
                   "kubepods-besteffort-pod2ca4a155_3599_498d_bb9d_4446693fa3ea.slice/";
  layout.add(pod + "crio-0ba8ac17e4e7a31fb82279503552fe94e64bab4745bf6fd2ff231e7c8ca8bed0.scope");
  layout.add(pod + "crio-358607a37e7ada357032e7f5729c9ae6a3efdb7962acbcbe47ff6a3c5506cb1c.scope");
  layout.add(node + "system.slice/crio.service");
  layout.add(top + "kubepods/burstable/pod" + uid + "/crio-" + id('a'));
  layout.add(top + "kubepods/burstable/pod" + uid + "/crio-conmon-" + id('a'));
  auto tree = open(layout.root());
  CHECK(tree.version() == version);
  CHECK(picture(tree.scan().value()) ==
        "2ca4a155-3599-498d-bb9d-4446693fa3ea: 0 3\n" + uid + ": a crio-conmon-" + id('a') + "\n");
}

TEST_CASE("crun: processes are one directory further down, and workloads make more of them") {
  CgroupLayoutFake layout(CgroupVersion::v2);
  const auto pod = "kubepods.slice/kubepods-pod" + escaped + ".slice/";
  layout.add(pod + "crio-" + id('a') + ".scope/container");
  layout.add(pod + "crio-" + id('b') + ".scope/container/init.scope");
  auto tree = open(layout.root());
  CHECK(picture(tree.scan().value()) == uid + ": a(container) b(container...)\n");
}

TEST_CASE("a driver that is named narrows the search") {
  CgroupLayoutFake layout(CgroupVersion::v1);
  layout.add("cpuset/kubepods/pod" + uid);
  layout.add("cpuset/kubepods.slice/kubepods-podother.slice");
  CHECK(picture(open(layout.root(), CgroupDriver::cgroupfs).scan().value()) == uid + ":\n");
  CHECK(picture(open(layout.root(), CgroupDriver::systemd).scan().value()) == "other:\n");
  CHECK(open(layout.root(), CgroupDriver::unknown).scan().value().size() == 2);
}

TEST_CASE("what only looks like a Pod, outside of kubepods, is none") {
  CgroupLayoutFake layout(CgroupVersion::v1);
  layout.add("cpuset/machine/pod" + uid);
  layout.add("cpuset/user.slice/kubepods2/pod" + uid);
  layout.add("cpuset/kubepods/system/pod" + uid);
  auto tree = open(layout.root());
  CHECK(tree.scan().value().empty());
  CHECK_FALSE(tree.find_pod(uid));
}

TEST_CASE("a Pod is found by its UID where the last scan saw Pods appear") {
  CgroupLayoutFake layout(CgroupVersion::v1);
  const auto level = std::string("cpuset/kubepods/burstable");
  layout.add(level);
  auto tree = open(layout.root());
  REQUIRE(tree.scan().value().empty());
  CHECK_FALSE(tree.find_pod(uid));
  layout.add(level + "/pod" + uid);
  const auto first = tree.find_pod(uid);
  REQUIRE(first);
  CHECK(first->containers.empty());
  layout.add(level + "/pod" + uid + "/" + id('a'));
  const auto second = tree.find_pod(uid);
  REQUIRE(second);
  CHECK(second->containers.size() == 1);
  CHECK(second->cgroup == first->cgroup);  // the same open directory
  layout.remove(level + "/pod" + uid);
  CHECK_FALSE(tree.find_pod(uid));
  layout.add(level + "/pod" + uid);
  const auto again = tree.find_pod(uid);
  REQUIRE(again);
  CHECK(again->cgroup != first->cgroup);
  CHECK(again->cgroup->read());
  CHECK(is_gone(first->cgroup->read().error()));
}

TEST_CASE("where no more files can be opened, nobody is taken for gone") {
  CgroupLayoutFake layout(CgroupVersion::v1);
  const auto pod = "cpuset/kubepods/pod" + uid;
  for (const char container : {'a', 'b', 'c', 'd'}) layout.add(pod + "/" + id(container));
  const auto more = GENERATE(range(0, 6));  // each directory on the way there may be the one
  CAPTURE(more);
  auto tree = open(layout.root());
  {
    const FewFiles few(more);
    const auto found = tree.scan();
    REQUIRE_FALSE(found);
    CHECK(found.error().code == std::errc::too_many_files_open);
  }
  CHECK(picture(tree.scan().value()) == uid + ": a b c d\n");
  layout.add(pod + "/" + id('e') + "/inner");
  {
    const FewFiles few(more % 2);
    CHECK_FALSE(tree.find_pod(uid));
    CHECK(tree.exhaustion());
  }
  CHECK(tree.find_pod(uid)->containers.size() == 5);
  CHECK_FALSE(tree.exhaustion());
}

TEST_CASE("where there is no cpuset controller, what was looked for is told") {
  CgroupLayoutFake layout(CgroupVersion::v2);
  layout.add_file("cgroup.controllers", "cpu memory pids");
  const auto tree = CgroupTree::open({.path = layout.root().string()});
  REQUIRE_FALSE(tree);
  CHECK(tree.error().code == Errc::not_found);
  CHECK(tree.error().context.starts_with("no cpuset controller below " + layout.root().string()));
}

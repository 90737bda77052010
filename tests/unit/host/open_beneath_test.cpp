#include "open_beneath.hpp"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>

#include <actimanager/host/cgroup_tree.hpp>

#include "cgroup_layout_fake.hpp"

using namespace actimanager;
using namespace actimanager::host;
using namespace actimanager::host::testing;

namespace {

// The errno of opening it from the directory, 0 where it can be opened.
int opens(const std::filesystem::path& directory, const char* path) {
  const int held = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  REQUIRE(held >= 0);
  errno = 0;
  const int fd = open_beneath(held, path, O_RDONLY);
  const int error = fd < 0 ? errno : 0;
  if (fd >= 0) ::close(fd);
  ::close(held);
  return error;
}

}  // namespace

TEST_CASE("only what lies below is opened, and no link is followed") {
  CgroupLayoutFake layout(CgroupVersion::v1);
  layout.add_file("tree/real/file", "x");
  layout.add_file("outside/file", "x");
  const auto tree = layout.root() / "tree";
  std::filesystem::create_directory_symlink("real", tree / "inner");
  std::filesystem::create_directory_symlink("../outside", tree / "outer");
  std::filesystem::create_symlink("real/file", tree / "link");
  CHECK(opens(tree, "real") == 0);
  CHECK(opens(tree, "real/file") == 0);
  CHECK(opens(tree, "absent") == ENOENT);
  CHECK(opens(tree, "link") == ELOOP);
  CHECK(opens(tree, "inner/file") == ELOOP);
  CHECK(opens(tree, "outer/file") == ELOOP);
  CHECK(opens(tree, "../outside/file") == EXDEV);
  CHECK(opens(tree, "real/../../outside/file") == EXDEV);
  CHECK(opens(tree, (layout.root() / "outside/file").c_str()) == EXDEV);
}

TEST_CASE("a link among the cgroups is no cgroup, and one in a cgroup no file of it") {
  CgroupLayoutFake layout(CgroupVersion::v1);
  layout.add("cpuset/kubepods/podreal");
  layout.add("elsewhere", "5");
  const auto kubepods = layout.root() / "cpuset/kubepods";
  std::filesystem::create_directory_symlink(layout.root() / "elsewhere", kubepods / "podlink");
  auto tree = value_or_throw(CgroupTree::open({.path = layout.root().string()}));
  const auto pods = value_or_throw(tree.scan());
  REQUIRE(pods.size() == 1);
  CHECK(pods[0].uid == "real");
  CHECK_FALSE(tree.find_pod("link"));
  CHECK_FALSE(value_or_throw(Cgroup::open(kubepods.string(), CgroupVersion::v1))->open_child("podlink"));

  layout.remove("cpuset/kubepods/podreal/cpuset.cpus");
  std::filesystem::create_symlink(layout.root() / "elsewhere/cpuset.cpus", kubepods / "podreal/cpuset.cpus");
  CHECK_FALSE(pods[0].cgroup->read());
  CHECK_FALSE(pods[0].cgroup->write_cpus({1}));
  CHECK(layout.read("elsewhere/cpuset.cpus") == "5");
}

TEST_CASE("a link in the place of a cgroup that was there is not taken for it") {
  CgroupLayoutFake layout(CgroupVersion::v1);
  layout.add("cpuset/kubepods/podreal");
  auto tree = value_or_throw(CgroupTree::open({.path = layout.root().string()}));
  REQUIRE(value_or_throw(tree.scan()).size() == 1);
  const auto pod = layout.root() / "cpuset/kubepods/podreal";
  std::filesystem::rename(pod, layout.root() / "moved");
  std::filesystem::create_directory_symlink(layout.root() / "moved", pod);
  CHECK_FALSE(tree.find_pod("real"));
}

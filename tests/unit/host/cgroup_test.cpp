#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <actimanager/host/cgroup.hpp>

#include "cgroup_layout_fake.hpp"

using namespace actimanager;
using namespace actimanager::host;
using namespace actimanager::host::testing;

TEST_CASE("a cgroup's sets are read, on v2 what was asked for and what was granted apart") {
  const auto version = GENERATE(CgroupVersion::v1, CgroupVersion::v2);
  CgroupLayoutFake layout(version);
  layout.add_file("cpuset.cpus.effective", "0-3\n");
  layout.add_file("cpuset.mems.effective", "0-1\n");
  layout.add_file("cpuset.cpus", "0-3,8\n");
  layout.add_file("cpuset.mems", "1\n");
  const auto values = value_or_throw(Cgroup::open(layout.root(), version))->read().value();
  CHECK(values.cpus == CpuSet{0, 1, 2, 3, 8});
  CHECK(values.mems == NumaSet{1});
  CHECK(values.effective_cpus == (version == CgroupVersion::v2 ? CpuSet{0, 1, 2, 3} : values.cpus));
  CHECK(values.effective_mems == (version == CgroupVersion::v2 ? NumaSet{0, 1} : values.mems));
}

TEST_CASE("a v2 cgroup that asks for nothing has empty sets") {
  CgroupLayoutFake layout(CgroupVersion::v2);
  layout.add_file("cpuset.cpus", "\n");
  layout.add("");
  const auto values = value_or_throw(Cgroup::open(layout.root(), CgroupVersion::v2))->read().value();
  CHECK(values.cpus.empty());
  CHECK(values.effective_cpus == CpuSet::range(0, 7));
}

TEST_CASE("a file that holds no list is an error that names it") {
  CgroupLayoutFake layout(CgroupVersion::v1);
  layout.add_file("cpuset.cpus", "all of them\n");
  layout.add("");
  const auto values = value_or_throw(Cgroup::open(layout.root(), CgroupVersion::v1))->read();
  REQUIRE_FALSE(values);
  CHECK(values.error().context.starts_with(layout.root().string() + ": cpuset.cpus: "));
}

TEST_CASE("v1 is told to move pages before it is told where") {
  CgroupLayoutFake layout(CgroupVersion::v1);
  layout.add("");
  const auto cgroup = value_or_throw(Cgroup::open(layout.root(), CgroupVersion::v1));
  REQUIRE(cgroup->write_mems({1}));
  CHECK(layout.read("cpuset.memory_migrate") == "1");
  CHECK(layout.read("cpuset.mems") == "1");
  REQUIRE(cgroup->write_cpus({2, 3}));
  CHECK(layout.read("cpuset.cpus") == "2-3");
}

TEST_CASE("a handle whose cgroup was removed says so, and never touches its successor") {
  CgroupLayoutFake layout(CgroupVersion::v1);
  layout.add("pod");
  const auto root = value_or_throw(Cgroup::open(layout.root(), CgroupVersion::v1));
  const auto old = value_or_throw(root->open_child("pod"));
  layout.remove("pod");
  layout.add("pod", "0-3");
  for (const auto& error :
       {old->read().error(), old->write_cpus({1}).error(), old->write_mems({1}).error()}) {
    CHECK(is_gone(error));
  }
  CHECK(layout.read("pod/cpuset.cpus") == "0-3");
  CHECK(is_gone(root->open_child("nobody").error()));
}

TEST_CASE("only plain names of what is directly below are opened") {
  CgroupLayoutFake layout(CgroupVersion::v1);
  layout.add("pod/container");
  std::filesystem::create_directory_symlink(layout.root() / "pod", layout.root() / "link");
  const auto root = value_or_throw(Cgroup::open(layout.root(), CgroupVersion::v1));
  for (const auto* name : {"", ".", "..", "pod/container", "../x", "/"}) {
    CHECK(root->open_child(name).error().code == Errc::invalid_argument);
  }
  CHECK_FALSE(root->open_child("link"));
  CHECK_FALSE(root->open_child("cpuset.cpus"));
  CHECK(root->children().value() == std::vector<std::string>{"pod"});
}

TEST_CASE("the processes of a cgroup are its own") {
  CgroupLayoutFake layout(CgroupVersion::v2);
  layout.add("");
  const auto cgroup = value_or_throw(Cgroup::open(layout.root(), CgroupVersion::v2));
  CHECK(cgroup->processes().value().empty());
  layout.add_file("cgroup.procs", "1\n42\n4194304\n");
  CHECK(cgroup->processes().value() == std::vector<pid_t>{1, 42, 4194304});
}

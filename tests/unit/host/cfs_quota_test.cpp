#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <actimanager/host/cfs_quota.hpp>

#include "cgroup_layout_fake.hpp"

using namespace actimanager;
using namespace actimanager::host;
using namespace actimanager::host::testing;
using enum QuotaWish;

namespace {

const Quota two_cpus{200'000, 100'000};
const Quota none{std::nullopt, 100'000};

// Files are not cut off when they are written: quotas are as long as what stands for none.
class QuotaTest {
 public:
  explicit QuotaTest(CgroupVersion version) : version_(version), layout(version) {
    add(pod, limited());
    add(container, limited());
    add(sandbox, unlimited_file());
  }
  void add(const std::string& path, const std::string& quota) {
    layout.add(top() + path);
    if (version_ == CgroupVersion::v1) {
      layout.add_file(top() + path + "/cpu.cfs_period_us", "100000\n");
      layout.add_file(top() + path + "/cpu.cfs_quota_us", quota + "\n");
    } else {
      layout.add_file(top() + path + "/cpu.max", quota + " 100000\n");
    }
  }
  QuotaReport settle(QuotaWish wish, bool dry_run = false) {
    auto tree = value_or_throw(CgroupTree::open({.path = layout.root().string() + "/" + top()}));
    return settle_quotas(value_or_throw(tree.scan()).at(0), wish, dry_run);
  }
  std::string quota(const std::string& path) const {
    const auto text =
        layout.read(top() + path + (version_ == CgroupVersion::v1 ? "/cpu.cfs_quota_us" : "/cpu.max"));
    return text.substr(0, text.find(' '));
  }
  std::string limited() const { return version_ == CgroupVersion::v1 ? "20" : "300"; }
  std::string unlimited_file() const { return version_ == CgroupVersion::v1 ? "-1" : "max"; }
  std::string top() const { return version_ == CgroupVersion::v1 ? "cpuset/" : ""; }

 private:
  CgroupVersion version_;

 public:
  CgroupLayoutFake layout;
  const std::string pod = "kubepods/podabc";
  const std::string container = pod + "/" + CgroupLayoutFake::container_id('a');
  const std::string sandbox = pod + "/" + CgroupLayoutFake::container_id('b');
};

}  // namespace

TEST_CASE("a quota is read as cpu.max writes it, and nothing else is one") {
  CHECK(value_or_throw(parse_quota("200000 100000")) == two_cpus);
  CHECK(value_or_throw(parse_quota("max 100000")) == none);
  for (const auto* text :
       {"", "0 100000", "-1 100000", "200000", "200000 0", "200000 ", "2e5 100000", "200000 100000 1"})
    CHECK_FALSE(parse_quota(text));
  CHECK(to_string(two_cpus) == "200000 100000");
  CHECK(to_string(none) == "max 100000");
}

TEST_CASE("systemd is told whole hundredths of a CPU, as runc tells them") {
  CHECK(per_second(two_cpus) == 2'000'000);
  CHECK(per_second({12'300, 100'000}) == 130'000);
  CHECK(per_second({5'000, 10'000}) == 500'000);
  CHECK(per_second(none) == unlimited);
}

TEST_CASE("what a cgroup has is remembered before it is lifted, and that of before is what is put back") {
  struct Row {
    const char* what;
    Quota has;
    std::optional<Quota> remembered;
    QuotaWish wish;
    QuotaStep step;
  };
  const Quota rounded{13'000, 100'000}, exact{12'300, 100'000};
  const Row rows[] = {
      {"lifted", two_cpus, {}, lift, {two_cpus, none, false}},
      {"lifted already", none, two_cpus, lift, {}},
      {"nothing to lift", none, {}, lift, {}},
      {"resized meanwhile", {300'000, 100'000}, two_cpus, lift, {Quota{300'000, 100'000}, none, false}},
      {"resized by less than systemd knows",
       {12'700, 100'000},
       exact,
       lift,
       {Quota{12'700, 100'000}, none, false}},
      {"written anew by systemd", rounded, exact, lift, {{}, none, false}},
      {"put back", none, two_cpus, restore, {{}, two_cpus, false}},
      {"put back, systemd not yet", two_cpus, two_cpus, restore, {}},
      {"never lifted", none, {}, restore, {}},
      {"never lifted", two_cpus, {}, forget, {}},
      {"put back and forgotten", none, two_cpus, forget, {{}, two_cpus, true}},
      {"forgotten", two_cpus, two_cpus, forget, {{}, {}, true}},
      {"rounded by systemd", rounded, exact, forget, {{}, exact, true}},
      {"somebody else's since", {400'000, 100'000}, two_cpus, forget, {{}, {}, true}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.what);
    CHECK(next_step(row.has, row.remembered, row.wish) == row.step);
  }
}

TEST_CASE("a Pod's quotas are lifted, found lifted by the next agent, and put back exactly") {
  QuotaTest test(GENERATE(CgroupVersion::v1, CgroupVersion::v2));
  auto report = test.settle(lift);
  CHECK_FALSE(report.error);
  CHECK(report.state == QuotaState{.limited = false, .lifted = true});
  CHECK(report.changes.size() == 2);
  for (const auto& path : {test.pod, test.container, test.sandbox})
    CHECK(test.quota(path) == test.unlimited_file());

  report = test.settle(lift);
  CHECK(report.changes.empty());
  CHECK(report.state == QuotaState{.limited = false, .lifted = true});

  CHECK(test.settle(forget, true).changes.size() == 2);
  CHECK(test.quota(test.pod) == test.unlimited_file());

  report = test.settle(restore);
  CHECK(report.state == QuotaState{.limited = true, .lifted = true});
  CHECK(report.changes.size() == 2);
  CHECK(test.settle(forget).state == QuotaState{.limited = true, .lifted = false});
  CHECK(test.quota(test.pod) == test.limited());
  CHECK(test.quota(test.container) == test.limited());
  CHECK(test.quota(test.sandbox) == test.unlimited_file());
  CHECK(test.settle(forget).changes.empty());
}

TEST_CASE("where there was no quota none is invented") {
  QuotaTest test(GENERATE(CgroupVersion::v1, CgroupVersion::v2));
  for (const auto& path : {test.pod, test.container}) test.add(path, test.unlimited_file());
  CHECK(test.settle(lift).state == QuotaState{});
  CHECK(test.settle(forget).changes.empty());
  CHECK(test.quota(test.pod) == test.unlimited_file());
}

TEST_CASE("crun's cgroup in a container's is lifted with it, the workload's own are not") {
  QuotaTest test(CgroupVersion::v2);
  test.add(test.container + "/container", "300");
  test.add(test.container + "/own", "300");
  test.settle(lift);
  CHECK(test.quota(test.container + "/container") == "max");
  CHECK(test.quota(test.container + "/own") == "300");
}

TEST_CASE("cgroups without the controller's files are no error and have no quota") {
  CgroupLayoutFake layout(CgroupVersion::v2);
  layout.add("kubepods/podabc");
  auto tree = value_or_throw(CgroupTree::open({.path = layout.root().string()}));
  const auto report = settle_quotas(value_or_throw(tree.scan()).at(0), lift);
  CHECK_FALSE(report.error);
  CHECK(report.state == QuotaState{});
}

TEST_CASE("a quota that cannot be lifted is told in the kernel's words, and is still one") {
  QuotaTest test(CgroupVersion::v2);
  test.layout.remove(test.container + "/cpu.max");
  test.layout.add_file(test.container + "/cpu.max", "0 100000\n");
  const auto report = test.settle(lift);
  REQUIRE(report.error);
  CHECK(report.error->message().contains("\"0 100000\" is no quota"));
  CHECK(test.quota(test.pod) == "max");
}

#include "quota.hpp"

#include <catch2/catch_test_macros.hpp>

#include "node_fake.hpp"

using namespace actimanager;
using namespace actimanager::binding;
using namespace actimanager::binding::testing;
using topology::testing::dual_socket_smt;  // CPU n and n+8 are siblings

namespace {

api::Container limited(const char* name, const char* cpu) {
  api::Container container{.name = name};
  if (*cpu != '\0') container.limits.emplace("cpu", *Quantity::parse(cpu));
  return container;
}

// A Pod on CPUs 1 and 2, with the wish.
class QuotaTest {
 public:
  explicit QuotaTest(std::vector<api::Container> containers, ExclusivenessLevel level = cpu) {
    node.add_pod("web").spec->containers = std::move(containers);
    node.bind("b", "web", {1, 2}, level).spec.cfs_quota = api::CfsQuota::lift;
  }
  std::string why() const { return uncovered_limit(*node.facts().topology, node.judge("b")); }
  bool lifts() const { return node.desired().of("web-1").lifts_quota; }

  NodeFake node{dual_socket_smt()};
};

}  // namespace

TEST_CASE("a quota is lifted where the exclusive CPUs cover the limits, and only there") {
  struct Row {
    std::vector<api::Container> containers;
    const char* why;
  };
  const Row rows[] = {
      {{limited("app", "2")}, ""},
      {{limited("app", "1500m"), limited("side", "500m")}, ""},
      {{limited("app", "")}, ""},
      {{limited("app", "2"), limited("side", "")}, ""},
      {{limited("app", "2001m")},
       "spec.cfsQuota: the limit of the Pod is 2.001 CPUs, and 2 are exclusive to it"},
      {{limited("app", "2"), limited("side", "500m")},
       "spec.cfsQuota: the limit of the Pod is 2.5 CPUs, and 2 are exclusive to it"},
  };
  for (const auto& row : rows) {
    const QuotaTest test(row.containers);
    CHECK(test.why() == row.why);
    CHECK(test.lifts() == (*row.why == '\0'));
  }
}

TEST_CASE("siblings that a level keeps free do not count: the Pod does not run on them") {
  const QuotaTest test({limited("app", "3")}, core);
  CHECK(test.node.judge("b").grant->exclusive_cpus == CpuSet{1, 2, 9, 10});
  CHECK(test.why() == "spec.cfsQuota: the limit of the Pod is 3 CPUs, and 2 are exclusive to it");
}

TEST_CASE("the Pod's own limit counts instead of its containers'") {
  QuotaTest test({limited("app", "")});
  test.node.pod("web").spec->pod_limits.emplace();
  test.node.pod("web").spec->pod_limits->emplace("cpu", Quantity::units(4));
  CHECK(test.why() == "spec.cfsQuota: the limit of the Pod is 4 CPUs, and 2 are exclusive to it");
}

TEST_CASE("a container on some of the Pod's CPUs has its limit covered by these") {
  QuotaTest test({limited("app", "500m"), limited("side", "1500m")});
  CHECK(test.lifts());
  test.node.binding("b").spec.containers = {{"side", {2}, {}}};
  CHECK(test.why() == "spec.cfsQuota: the limit of container side is 1.5 CPUs, and 1 is exclusive to it");
  CHECK_FALSE(test.lifts());
}

TEST_CASE("CPUs that went offline do not cover a limit until they are back") {
  QuotaTest test({limited("app", "2")});
  test.node.reconcile();
  test.node.set_offline({2});
  CHECK_FALSE(test.lifts());
  test.node.set_offline({});
  CHECK(test.lifts());
}

TEST_CASE("what is not asked for is not lifted") {
  QuotaTest test({limited("app", "2")});
  test.node.binding("b").spec.cfs_quota = api::CfsQuota::keep;
  CHECK_FALSE(test.lifts());
}

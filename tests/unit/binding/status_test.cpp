#include <catch2/catch_test_macros.hpp>

#include <actimanager/binding/status.hpp>

#include "node_fake.hpp"

using namespace actimanager;
using namespace actimanager::binding;
using namespace actimanager::binding::testing;
using api::BindingStatus;
using api::ConditionStatus;
using topology::testing::dual_socket_smt;
using Status = api::PodCPUBinding::Status;

namespace {

constexpr api::Time noon{std::chrono::hours(480'000)};

Status status_of(const NodeFake& node, const std::string& name, const Observed& observed,
                 api::Time now = noon) {
  return next_status(node.judge(name), "node-a", observed, *node.facts().topology, now);
}

void check_condition(const Status& status, const char* type, ConditionStatus expected, const char* reason,
                     const char* message = "") {
  const auto* condition = api::find_condition(status.conditions, type);
  REQUIRE(condition != nullptr);
  CHECK(condition->status == expected);
  CHECK(condition->reason == reason);
  CHECK(condition->message == message);
  CHECK(condition->observed_generation == status.observed_generation);
}

NodeFake one_bound() {
  NodeFake node(dual_socket_smt());
  node.add_pod("web");
  node.bind("b", "web", {4, 1}, cpu);
  return node;
}

}  // namespace

TEST_CASE("an admitted binding is Validated until the kernel shows it, then Applied") {
  auto node = one_bound();
  auto status = status_of(node, "b", {});
  CHECK(status.resource_status == BindingStatus::validated);
  CHECK(status.node_name == "node-a");
  CHECK(status.observed_generation == 1);
  CHECK(status.admitted == node.judge("b").grant);
  CHECK(status.memory_nodes == NumaSet{0, 1});
  check_condition(status, "Admitted", ConditionStatus::true_, "Admitted");
  check_condition(status, "Applied", ConditionStatus::false_, "ContainersPending",
                  "not every container has been seen on its CPUs yet");

  const Observed observed{.containers = {{"setup", {1, 4}, {0}}, {"app", {1, 4}, {0}}}, .complete = true};
  status = status_of(node, "b", observed);
  CHECK(status.resource_status == BindingStatus::applied);
  check_condition(status, "Applied", ConditionStatus::true_, "Applied");
  REQUIRE(status.containers.size() == 2);
  CHECK(status.containers[0].name == "app");
}

TEST_CASE("what the kernel refused is Failed, in its words") {
  const auto node = one_bound();
  const auto status = status_of(node, "b", {.error = "container app: write cpuset.cpus: EBUSY"});
  CHECK(status.resource_status == BindingStatus::failed);
  CHECK(status.admitted);
  check_condition(status, "Applied", ConditionStatus::false_, "KernelRefused",
                  "container app: write cpuset.cpus: EBUSY");
}

TEST_CASE("what the agent leaves to another owner is Failed, with that owner's reason") {
  const auto node = one_bound();
  const auto status = status_of(node, "b", {.error = "the kubelet's", .error_reason = "KubeletCPUManager"});
  CHECK(status.resource_status == BindingStatus::failed);
  check_condition(status, "Applied", ConditionStatus::false_, "KubeletCPUManager", "the kubelet's");
}

TEST_CASE("a refused binding has nothing and names the field") {
  auto node = one_bound();
  node.binding("b").spec.cpu_set = {};
  const auto status = status_of(node, "b", {.containers = {{"app", {0}, {}}}, .complete = true});
  CHECK(status.resource_status == BindingStatus::invalid_cpu_set);
  CHECK_FALSE(status.admitted);
  CHECK(status.containers.empty());
  CHECK(status.memory_nodes.empty());
  check_condition(status, "Admitted", ConditionStatus::false_, "EmptyCPUSet", "spec.cpuSet: names no CPU");
  check_condition(status, "Applied", ConditionStatus::false_, "NotAdmitted");
}

TEST_CASE("a refused edit is told of while the grant stays applied") {
  auto node = one_bound();
  node.reconcile();
  const auto granted = node.binding("b").status;
  node.edit("b", {99}, cpu);
  const Observed observed{.containers = {{"app", {1, 4}, {0, 1}}}, .complete = true};
  const auto status = status_of(node, "b", observed);
  CHECK(status.resource_status == BindingStatus::invalid_cpu_set);
  CHECK(status.observed_generation == 2);
  CHECK(status.admitted == granted.admitted);
  CHECK(status.containers == observed.containers);
  check_condition(status, "Admitted", ConditionStatus::false_, "UnknownCPU",
                  "spec.cpuSet: the node has no CPU 99 online (its CPUs are 0-15); CPUs 1,4 stay in force");
  check_condition(status, "Applied", ConditionStatus::true_, "Applied");
}

TEST_CASE("a status is the same again, whatever the time, and keeps the time of what has not changed") {
  auto node = one_bound();
  auto& binding = node.binding("b");
  binding.status = status_of(node, "b", {});
  CHECK(status_of(node, "b", {}, noon + std::chrono::hours(1)) == binding.status);
  const auto applied = status_of(node, "b", {.complete = true}, noon + std::chrono::hours(2));
  CHECK(api::find_condition(applied.conditions, "Admitted")->last_transition_time == noon);
  CHECK(api::find_condition(applied.conditions, "Applied")->last_transition_time ==
        noon + std::chrono::hours(2));
}

TEST_CASE("offline CPUs degrade a binding, and it recovers") {
  auto node = one_bound();
  node.reconcile();
  CHECK(api::find_condition(node.binding("b").status.conditions, "Degraded") == nullptr);
  node.set_offline({4});
  node.reconcile();
  check_condition(node.binding("b").status, "Degraded", ConditionStatus::true_, "CPUOffline",
                  "CPU 4 is offline");
  CHECK(node.binding("b").status.memory_nodes == NumaSet{0});
  CHECK(node.binding("b").status.admitted->cpu_set == CpuSet{1, 4});
  node.set_offline({});
  node.reconcile();
  check_condition(node.binding("b").status, "Degraded", ConditionStatus::false_, "Recovered");
  CHECK(node.binding("b").status.memory_nodes == NumaSet{0, 1});
}

TEST_CASE("CPUs that cannot be kept free any more degrade a binding") {
  auto node = one_bound();
  node.reconcile();
  node.set_reserved({1});
  node.reconcile();
  check_condition(node.binding("b").status, "Degraded", ConditionStatus::true_, "NotExclusive",
                  "CPU 1 is not kept free of others: it is reserved for the node, was another's before it "
                  "came online, or no other is online for Pods without CPUs of their own");
}

TEST_CASE("a Pod that the kernel does not move off exclusive CPUs degrades the binding while it is there") {
  auto node = one_bound();
  const Observed right{.containers = {{"app", {1, 4}, {0}}}, .complete = true};
  auto crowded = right;
  crowded.crowded = {4};
  node.binding("b").status = status_of(node, "b", crowded);
  const auto& status = node.binding("b").status;
  CHECK(status.resource_status == BindingStatus::applied);
  check_condition(status, "Degraded", ConditionStatus::true_, "NotExclusive",
                  "CPU 4 is not kept free of others: the kernel refuses to move a Pod that is on it, or "
                  "somebody keeps moving one there");
  check_condition(status_of(node, "b", right), "Degraded", ConditionStatus::false_, "Recovered");
}

TEST_CASE("memory nodes asked for by a container are among the binding's") {
  auto node = one_bound();
  node.binding("b").spec.cpu_set = {1};
  node.binding("b").spec.containers = {{"app", {}, {1}}};
  CHECK(status_of(node, "b", {}).memory_nodes == NumaSet{0, 1});
}

TEST_CASE("a binding that asks for quotas to be lifted says whether they are, any other says nothing") {
  struct Row {
    const char* limit;
    Observed::Quota quota;
    ConditionStatus status;
    const char *reason, *message;
  };
  const Row rows[] = {
      {"2", {true, false, true, ""}, ConditionStatus::true_, "Lifted", ""},
      {"2", {true, false, false, ""}, ConditionStatus::true_, "NoQuota", "there is none to be lifted"},
      {"2",
       {true, true, true, ""},
       ConditionStatus::false_,
       "Pending",
       "not every cgroup of the Pod is without yet"},
      {"2", {}, ConditionStatus::false_, "Pending", "not every cgroup of the Pod is without yet"},
      {"2", {true, true, false, "EPERM"}, ConditionStatus::false_, "KernelRefused", "EPERM"},
      {"3",
       {true, true, false, ""},
       ConditionStatus::false_,
       "LimitNotCovered",
       "spec.cfsQuota: the limit of the Pod is 3 CPUs, and 2 are exclusive to it"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.reason, row.limit);
    auto node = one_bound();
    node.pod("web").spec->containers[0].limits.emplace("cpu", *Quantity::parse(row.limit));
    Observed observed;
    observed.quota = row.quota;
    CHECK(api::find_condition(status_of(node, "b", observed).conditions, "QuotaLifted") == nullptr);
    auto& binding = node.binding("b");
    binding.spec.cfs_quota = api::CfsQuota::lift;
    binding.status = status_of(node, "b", observed);
    check_condition(binding.status, "QuotaLifted", row.status, row.reason, row.message);
    binding.spec.cfs_quota = api::CfsQuota::keep;
    ++binding.meta.generation;
    CHECK(api::find_condition(status_of(node, "b", observed).conditions, "QuotaLifted") == nullptr);
  }
}

TEST_CASE("a binding that asks for isolation says whether the kernel has it, any other says nothing") {
  auto node = one_bound();
  Observed observed;
  observed.partition.holds = true;
  CHECK(api::find_condition(status_of(node, "b", observed).conditions, "Isolated") == nullptr);
  auto& binding = node.binding("b");
  binding.spec.isolation = api::Isolation::partition;
  binding.status = status_of(node, "b", observed);
  check_condition(binding.status, "Isolated", ConditionStatus::true_, "Isolated");
  observed.partition = {false, "isolated invalid (Parent is not a partition root)"};
  check_condition(status_of(node, "b", observed), "Isolated", ConditionStatus::false_, "KernelRefused",
                  "isolated invalid (Parent is not a partition root)");
  check_condition(status_of(node, "b", {}), "Isolated", ConditionStatus::false_, "Pending",
                  "the kernel has not been seen to have the partition yet");
  // One of its CPUs is no longer its own.
  node.reconcile();
  node.set_reserved({1});
  check_condition(status_of(node, "b", observed), "Isolated", ConditionStatus::false_, "NotExclusive",
                  "CPU 1 is not exclusive to the Pod");
  CHECK_FALSE(node.desired().of("web-1").is_partition);
  node.set_reserved({});
  binding.spec.isolation = api::Isolation::none;
  ++binding.meta.generation;
  CHECK(api::find_condition(status_of(node, "b", observed).conditions, "Isolated") == nullptr);
}

TEST_CASE("who writes against us is named for as long as he does") {
  auto node = one_bound();
  const Observed right{.containers = {{"app", {1, 4}, {0}}}, .complete = true};
  auto fought = right;
  fought.disturbance = "koordlet (pid 47) keeps writing its cpusets";
  node.binding("b").status = status_of(node, "b", fought);
  auto status = status_of(node, "b", fought);
  check_condition(status, "Undisturbed", ConditionStatus::false_, "FightingWriter",
                  fought.disturbance.c_str());
  CHECK(status.resource_status == BindingStatus::applied);
  status = status_of(node, "b", right);
  CHECK(api::find_condition(status.conditions, "Undisturbed") == nullptr);
}

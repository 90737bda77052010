#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "../fixtures.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

namespace {

api::Pod of_priority(std::string name, std::int32_t priority, const char* cpu = "1") {
  auto pod = make_pod(std::move(name), cpu);
  pod.spec->scheduler_name = "plain";
  pod.priority = priority;
  return pod;
}

nlohmann::json document(const nlohmann::json& args) {
  nlohmann::json profile = {{"schedulerName", "plain"}};
  if (!args.is_null()) {
    const nlohmann::json config = {{"name", "DefaultPreemption"}, {"args", args}};
    profile["pluginConfig"] = nlohmann::json::array({config});
  }
  return {{"apiVersion", "kubescheduler.config.k8s.io/v1"},
          {"kind", "KubeSchedulerConfiguration"},
          {"profiles", nlohmann::json::array({profile})}};
}

Config plain(const nlohmann::json& args) {
  auto config = parse_config(document(args));
  REQUIRE(config);
  return std::move(*config);
}

struct Bench {
  Cache cache;
  Snapshot snapshot;
  Scheduler scheduler;

  explicit Bench(std::vector<std::string> nodes, const nlohmann::json& args = nullptr)
      : scheduler(plain(args)) {
    for (const auto& node : nodes) cache.upsert(make_node(node, "1"));
  }
  void place(std::string name, std::int32_t priority, std::string node) {
    cache.upsert(on_node(of_priority(std::move(name), priority), std::move(node)));
  }
  Decision decide(const api::Pod& pod) {
    cache.update(snapshot);
    return scheduler.schedule_one(pod, snapshot);
  }
};

}  // namespace

TEST_CASE("a Pod that fits nowhere is nominated where its victims cost least") {
  Bench bench({"a", "b", "c"});
  bench.place("dear", 5, "a");
  bench.place("cheap", 1, "b");
  bench.place("peer", 9, "c");
  const auto decision = bench.decide(of_priority("p", 9));
  CHECK_FALSE(decision.placed());
  REQUIRE(decision.nomination() != nullptr);
  CHECK(decision.nomination()->node == "b");
  REQUIRE(decision.nomination()->victims.size() == 1);
  CHECK(decision.nomination()->victims[0]->meta.name == "cheap");
  CHECK(decision.message == "0/3 nodes are available: 3 Insufficient cpu.");
  REQUIRE(decision.post_filter->candidates.size() == 2);
  CHECK(decision.post_filter->candidates[0].node == "a");
}

TEST_CASE("where nobody can make room the message says so of every node") {
  Bench bench({"a", "b"});
  bench.place("peer", 9, "a");
  auto cordoned = *make_node("b", "1");
  cordoned.unschedulable = true;
  bench.cache.upsert(std::make_shared<const api::Node>(cordoned));
  const auto decision = bench.decide(of_priority("p", 9));
  CHECK(decision.nomination() == nullptr);
  CHECK_FALSE(decision.keeps_nominated_node());
  CHECK(decision.message ==
        "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable. no new claims to "
        "deallocate, preemption: 0/2 nodes are available: 1 No preemption victims found for incoming pod, 1 "
        "Preemption is not helpful for scheduling.");
}

TEST_CASE("a Pod that must not preempt, or whose victims are still leaving, does not") {
  Bench bench({"a"});
  bench.place("low", 0, "a");
  auto modest = of_priority("p", 9);
  modest.spec->preemption_policy = "Never";
  auto decision = bench.decide(modest);
  CHECK(decision.nomination() == nullptr);
  CHECK(decision.keeps_nominated_node());
  CHECK(decision.message.ends_with(", preemption: not eligible due to preemptionPolicy=Never."));

  auto leaving = on_node(of_priority("low", 0), "a");
  leaving.meta.deletion_timestamp.emplace();
  api::set_condition(
      *leaving.conditions,
      {.type = "DisruptionTarget", .status = api::ConditionStatus::true_, .reason = "PreemptionByScheduler"});
  bench.cache.upsert(leaving);
  auto waiting = of_priority("p", 9);
  waiting.nominated_node_name = "a";
  decision = bench.decide(waiting);
  CHECK(decision.nomination() == nullptr);
  CHECK(decision.keeps_nominated_node());
  CHECK(decision.message.ends_with(
      ", preemption: not eligible due to a terminating pod on the nominated node."));
  // One that leaves for another reason is no reason to wait.
  leaving.conditions->clear();
  bench.cache.upsert(leaving);
  CHECK(bench.decide(waiting).nomination() != nullptr);
  // Nor is a node that cannot take the Pod at all any more.
  bench.cache.remove_node("a");
  bench.cache.upsert(make_node("b", "1"));
  bench.place("other", 0, "b");
  CHECK(bench.decide(waiting).nomination()->node == "b");
}

TEST_CASE("a nominated Pod's place is not given to one that is not more important, and is its own") {
  Bench bench({"a", "b"});
  const auto waiting = std::make_shared<const api::Pod>(of_priority("waiting", 5));
  bench.cache.nominate(waiting, "a", {});
  bench.place("full", 100, "b");
  CHECK_FALSE(bench.decide(of_priority("p", 5)).placed());
  CHECK(bench.decide(of_priority("p", 6)).node == "a");
  auto itself = *waiting;
  itself.nominated_node_name = "a";
  CHECK(bench.decide(itself).node == "a");
  CHECK(bench.decide(*waiting).node == "a");
  bench.cache.withdraw_nomination(waiting->meta.uid);
  CHECK(bench.decide(of_priority("p", 5)).node == "a");
}

TEST_CASE("the node a Pod is nominated for is taken before better ones") {
  Bench bench({});
  bench.cache.upsert(make_node("empty", "8"));
  bench.cache.upsert(make_node("fuller", "8"));
  bench.place("some", 0, "fuller");
  auto pod = of_priority("p", 1);
  CHECK(bench.decide(pod).node == "empty");
  pod.nominated_node_name = "fuller";
  CHECK(bench.decide(pod).node == "fuller");
  pod.nominated_node_name = "gone";
  CHECK(bench.decide(pod).node == "empty");
}

TEST_CASE("a nominated Pod that a PreFilter refuses is refused") {
  Bench bench({"a"});
  auto pod = of_priority("p", 1);
  pod.nominated_node_name = "a";
  pod.spec->has_resource_claims = true;
  const auto decision = bench.decide(pod);
  CHECK_FALSE(decision.placed());
  CHECK(decision.message.contains("spec.resourceClaims"));
}

TEST_CASE("with fewer candidates wanted, fewer nodes are looked at") {
  const auto candidates = [](int percentage, int absolute) {
    const std::vector<std::string> nodes = {"a", "b", "c", "d"};
    Bench bench(nodes,
                {{"minCandidateNodesPercentage", percentage}, {"minCandidateNodesAbsolute", absolute}});
    for (const auto& node : nodes) bench.place("on-" + node, 0, node);
    return bench.decide(of_priority("p", 1)).post_filter->candidates.size();
  };
  CHECK(candidates(0, 2) == 2);
  CHECK(candidates(75, 0) == 3);
  CHECK(candidates(10, 100) == 4);
}

TEST_CASE("arguments out of range are refused") {
  const auto error = [](int percentage, int absolute) {
    const nlohmann::json args = {{"minCandidateNodesPercentage", percentage},
                                 {"minCandidateNodesAbsolute", absolute}};
    return parse_config(document(args)).error().context;
  };
  CHECK(error(101, 1).contains("args.minCandidateNodesPercentage"));
  CHECK(error(10, -1).contains("args.minCandidateNodesAbsolute"));
  CHECK(error(0, 0).contains("cannot both be zero"));
}

namespace {

std::vector<std::string> many_nodes() {
  std::vector<std::string> nodes;
  for (int i = 0; i < 12; ++i) nodes.push_back("n" + std::to_string(i));
  return nodes;
}

// Decided in turns of one node each. `between` is done after every turn.
template <class Between>
std::pair<Decision, int> in_turns(Bench& bench, const api::Pod& pod, Between between) {
  for (int turns = 1; turns < 1000; ++turns) {
    bench.cache.update(bench.snapshot);
    if (auto decision = bench.scheduler.schedule_one(pod, bench.snapshot, 1)) return {*decision, turns};
    between();
  }
  FAIL("it is never decided");
  return {};
}

}  // namespace

TEST_CASE("victims are looked for in turns, with the outcome of one") {
  auto pod = of_priority("p", 9);
  SECTION("a Pod like others") {}
  SECTION("one that was nominated before") {
    pod.nominated_node_name = "n3";
  }
  Bench bench(many_nodes()), at_once(many_nodes());
  for (auto* each : {&bench, &at_once}) {
    for (int i = 0; i < 12; ++i) {
      const auto number = std::to_string(i);
      each->place("low" + number, 8 - i % 5, "n" + number);
    }
  }
  bool looked = false;
  const auto [decision, turns] =
      in_turns(bench, pod, [&] { looked = looked || bench.scheduler.looks_for_victims(); });
  CHECK(looked);
  CHECK_FALSE(bench.scheduler.looks_for_victims());
  CHECK(turns >= 12);
  const auto expected = at_once.decide(pod);
  REQUIRE(decision.nomination() != nullptr);
  CHECK(decision.nomination()->node == expected.nomination()->node);
  CHECK(decision.message == expected.message);
  CHECK(decision.post_filter->candidates.size() == 12);
}

TEST_CASE("another Pod's turns do not see what was found for the last one") {
  Bench bench(many_nodes());
  for (const auto& node : many_nodes()) bench.place("low-" + node, 1, node);
  const auto first = of_priority("p", 9), second = of_priority("q", 9);
  bench.cache.update(bench.snapshot);
  while (!bench.scheduler.looks_for_victims()) {
    REQUIRE_FALSE(bench.scheduler.schedule_one(first, bench.snapshot, 1));
  }
  for (const auto& node : many_nodes()) bench.cache.remove_pod(of_priority("low-" + node, 1).meta.uid);
  CHECK(bench.decide(second).placed());
}

TEST_CASE("a cluster that changes between all turns does not keep a Pod from being decided") {
  Bench bench(many_nodes());
  for (const auto& node : many_nodes()) bench.place("low-" + node, 1, node);
  int changes = 0;
  const auto [decision, turns] =
      in_turns(bench, of_priority("p", 9), [&] { bench.place("low-n0", 2 + ++changes % 2, "n0"); });
  REQUIRE(decision.nomination() != nullptr);
  CHECK(decision.nomination()->node != "n0");
}

TEST_CASE("a node that changes before its turn is looked at again when there is no other") {
  Bench bench(many_nodes());
  for (const auto& node : many_nodes()) bench.place("pod-" + node, node == "n5" ? 1 : 10, node);
  const auto pod = of_priority("p", 9);
  int changes = 0;
  std::optional<Decision> decision;
  for (int turns = 0; !decision; ++turns) {
    REQUIRE(turns < 1000);
    // Snapshots as the leader takes them: none while victims are looked for.
    if (!bench.scheduler.looks_for_victims()) bench.cache.update(bench.snapshot);
    decision = bench.scheduler.schedule_one(pod, bench.snapshot, 1);
    if (bench.scheduler.looks_for_victims()) bench.place("pod-n5", 2 + ++changes % 2, "n5");
  }
  CHECK(changes > 0);
  REQUIRE(decision->nomination() != nullptr);
  CHECK(decision->nomination()->node == "n5");
}

#include "preemption.hpp"

#include <catch2/catch_test_macros.hpp>

#include "fixtures.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

namespace {

struct Who {
  std::string name;
  std::int32_t priority = 0;
  std::int64_t started = 0;  // seconds; 0: not yet
};

PodPointer pod_of(const Who& who, const char* cpu = "1") {
  auto pod = make_pod(who.name, cpu);
  pod.priority = who.priority;
  pod.meta.labels["app"] = who.name;
  if (who.started != 0) pod.start_time = api::Time(std::chrono::seconds(who.started));
  return std::make_shared<const api::Pod>(std::move(pod));
}

Nomination losing(std::vector<Who> victims, int violations = 0) {
  Nomination nomination;
  for (const auto& who : victims) nomination.victims.push_back(pod_of(who));
  nomination.violations = violations;
  return nomination;
}

void protect(Cache& cache, const std::string& app, int allowed) {
  auto budget = std::make_shared<api::PodDisruptionBudget>();
  budget->meta = {.name = app, .namespace_ = "default"};
  budget->selector = api::LabelSelector::of({{"app", app}});
  budget->disruptions_allowed = allowed;
  cache.objects().budgets().set(budget);
}

std::vector<std::string> names(const std::vector<PodPointer>& pods) {
  std::vector<std::string> names;
  for (const auto& pod : pods) names.push_back(pod->meta.name);
  return names;
}

// One node, and a Pod of priority 100 that is to go there.
struct Bench {
  Cache cache;
  Snapshot snapshot;
  Config config = default_config();

  void place(const Who& who, const char* cpu, const char* cpus = nullptr) {
    const auto pod = std::make_shared<const api::Pod>(on_node(*pod_of(who, cpu), "a"));
    cache.upsert(pod);
    if (cpus != nullptr) cache.upsert(make_binding(*pod, "a", cpus, api::ExclusivenessLevel::cpu));
  }
  std::variant<Nomination, Status> find(api::Pod pod, const std::string& profile_name = "maestro") {
    cache.update(snapshot);
    pod.priority = 100;
    const auto* profile = config.profile(profile_name);
    CycleState state;
    std::set<const Plugin*> skipped;
    for (const auto* plugin : profile->pre_filter) {
      if (plugin->pre_filter(state, pod, snapshot).status.code == Code::skip) skipped.insert(plugin);
    }
    const Filters filters(without(profile->pre_filter, skipped), without(profile->filter, skipped));
    return find_victims(filters, state, pod, snapshot, *snapshot.find("a"));
  }
};

}  // namespace

TEST_CASE("priority makes a Pod important, then how long it has been running") {
  const auto more = [](const Who& a, const Who& b) { return more_important(*pod_of(a), *pod_of(b)); };
  CHECK(more({"a", 2}, {"b", 1}));
  CHECK(more({"a", 1, 10}, {"b", 1, 20}));
  CHECK(more({"a", 1, 10}, {"b", 1}));
  CHECK_FALSE(more({"a", 1}, {"b", 1, 10}));
  CHECK_FALSE(more({"a", 1, 10}, {"b", 1, 10}));
  CHECK_FALSE(more({"a", 1}, {"b", 1}));
}

TEST_CASE("of two sets of victims the cheaper is lost") {
  struct Row {
    const char* what;
    Nomination cheap, dear;
  };
  const std::vector<Row> rows = {
      {"fewer that a budget protects", losing({{"a", 9}}), losing({{"b", 1}}, 1)},
      {"a lower highest priority", losing({{"a", 1}, {"b", 1}}), losing({{"c", 2}})},
      {"a lower sum", losing({{"a", 2}, {"b", 0}}), losing({{"c", 2}, {"d", 1}})},
      {"fewer Pods, though negative ones add up to less", losing({{"a", -1}}),
       losing({{"b", -1}, {"c", -9}})},
      {"the important ones started later", losing({{"a", 1, 20}, {"x", 0, 1}}),
       losing({{"b", 1, 10}, {"y", 0, 5}})},
      {"not started is latest", losing({{"a", 1}}), losing({{"b", 1, 10}})},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    CHECK(costs_less(row.cheap, row.dear));
    CHECK_FALSE(costs_less(row.dear, row.cheap));
    CHECK_FALSE(costs_less(row.cheap, row.cheap));
  }
}

TEST_CASE("a budget allows so many, in the order of the Pods; those it has counted already do not count") {
  Cache cache;
  protect(cache, "web", 1);
  std::vector<PodPointer> pods = {pod_of({"web"}), pod_of({"db"}), pod_of({"web"}), pod_of({"web"})};
  const auto& budgets = cache.objects().budgets();
  CHECK(violates_budget(pods, budgets) == std::vector<bool>{false, false, true, true});
  protect(cache, "db", 0);
  CHECK(violates_budget(pods, budgets) == std::vector<bool>{false, true, true, true});
  auto budget = *budgets.find("default/web");
  budget.disrupted_pods.insert("web");
  cache.objects().budgets().set(std::make_shared<const api::PodDisruptionBudget>(budget));
  CHECK(violates_budget(pods, budgets) == std::vector<bool>{false, true, false, false});
}

TEST_CASE("as few leave as it takes, and the least important") {
  Bench bench;
  bench.cache.upsert(make_node("a", "4"));
  bench.config.profiles = std::move(parse_config_text(R"({"apiVersion": "kubescheduler.config.k8s.io/v1",
    "kind": "KubeSchedulerConfiguration", "profiles": [{"schedulerName": "plain"}]})")
                                        .value()
                                        .profiles);
  bench.place({"old", 1, 10}, "1");
  bench.place({"young", 1, 20}, "1");
  bench.place({"low", 0, 5}, "1");
  bench.place({"peer", 100, 5}, "1");
  CHECK(names(std::get<Nomination>(bench.find(make_pod("p", "1"), "plain")).victims) ==
        std::vector<std::string>{"low"});
  CHECK(names(std::get<Nomination>(bench.find(make_pod("p", "2"), "plain")).victims) ==
        std::vector<std::string>{"young", "low"});
  const auto too_much = bench.find(make_pod("p", "4"), "plain");
  CHECK(std::get<Status>(too_much).reasons == std::vector<std::string>{"Insufficient cpu"});
  // A budget protects the least important one: another leaves in its place.
  protect(bench.cache, "low", 0);
  const auto protecting = std::get<Nomination>(bench.find(make_pod("p", "1"), "plain"));
  CHECK(names(protecting.victims) == std::vector<std::string>{"young"});
  CHECK(protecting.violations == 0);
  const auto violating = std::get<Nomination>(bench.find(make_pod("p", "3"), "plain"));
  CHECK(names(violating.victims) == std::vector<std::string>{"old", "young", "low"});
  CHECK(violating.violations == 1);
}

TEST_CASE("nobody less important is there") {
  Bench bench;
  bench.cache.upsert(make_node("a", "1"));
  bench.place({"peer", 100}, "1");
  CHECK(std::get<Status>(bench.find(make_pod("p", "1"))).reasons ==
        std::vector<std::string>{"No preemption victims found for incoming pod"});
}

TEST_CASE("victims free the CPUs that their bindings hold, and of the sockets the cheapest") {
  // Two sockets of 0-3,8-11 and 4-7,12-15. All Pods are of one priority; the oldest, which would stay first,
  // is on the first socket alone, three younger ones share the second.
  Bench bench;
  bench.cache.upsert(make_node("a", "32"));
  bench.cache.upsert(make_topology("a", make_machine(2, 4, 2)));
  bench.place({"alone", 0, 10}, "1", "0");
  for (const char* name : {"4", "5", "6"}) bench.place({std::string("pod-") + name, 0, 20}, "1", name);
  auto pod = make_class_pod("p", "cpu-bound", "2");
  pod.meta.annotations[std::string(api::exclusiveness_level_annotation)] = "Socket";
  const auto found = std::get<Nomination>(bench.find(pod));
  CHECK(names(found.victims) == std::vector<std::string>{"alone"});
  REQUIRE(found.placement);
  CHECK(found.placement->level == api::ExclusivenessLevel::socket);
  CHECK(bench.snapshot.find("a")->cpus.topology().sockets()[0].cpus.includes(found.placement->cpus));
}

TEST_CASE("a Pod without bindings frees room in the shared pool alone") {
  Bench bench;
  bench.cache.upsert(make_node("a", "32"));
  bench.cache.upsert(make_topology("a", make_machine(1, 4, 1)));
  bench.place({"shared", 0}, "2");
  bench.place({"pinned", 0, 10}, "1", "0");
  // Three CPUs are free, and the pool needs two of them.
  const auto found = std::get<Nomination>(bench.find(make_class_pod("p", "cpu-bound", "2")));
  CHECK(names(found.victims) == std::vector<std::string>{"shared"});
}

#include "filters.hpp"

#include <catch2/catch_test_macros.hpp>

#include "fixtures.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

namespace {

// Refuses when there are more than `most` Pods, or fewer than `fewest`; counts what it is told.
class Crowd final : public Plugin {
 public:
  struct Told : CycleState::Data {
    int pods = 0;
  };
  Crowd(int fewest, int most) : fewest_(fewest), most_(most) {}
  std::string_view name() const override { return "Crowd"; }
  Points points() const override { return Point::pre_filter | Point::filter; }
  Status filter(const CycleState& state, const api::Pod&, const NodeInfo& node) const override {
    const auto* told = state.read<Told>(this);
    CHECK((told == nullptr ? 0 : told->pods) == static_cast<int>(node.pods.size()));
    const auto count = static_cast<int>(node.pods.size());
    return count > most_ ? unschedulable("crowded") : count < fewest_ ? unresolvable("lonely") : Status{};
  }
  void count_pod(CycleState& state, const api::Pod&, const api::Pod&, const NodeInfo&,
                 int change) const override {
    const auto* before = state.read<Told>(this);
    auto told = before == nullptr ? std::make_unique<Told>() : std::make_unique<Told>(*before);
    told->pods += change;
    state.write(this, std::move(told));
  }
  bool sign(const api::Pod&, const Snapshot&, std::string&) const override { return true; }

 private:
  int fewest_, most_;
};

PodPointer of_priority(std::string name, std::int32_t priority) {
  auto pod = make_pod(std::move(name), "1");
  pod.priority = priority;
  return std::make_shared<const api::Pod>(std::move(pod));
}

struct Bench {
  NodeInfo node{.node = make_node("a")};
  CycleState state;
};

}  // namespace

TEST_CASE("a Pod must fit with the Pods nominated for the node that are as important, and without them") {
  Bench bench;
  bench.node.nominated.push_back({of_priority("peer", 5), {}});
  const Crowd alone(0, 0), together(1, 9), either(0, 9);
  struct Row {
    const char* what;
    const Plugin* plugin;
    std::int32_t priority;
    const char* uid;
    std::vector<std::string> reasons;
  };
  const std::vector<Row> rows = {
      {"its peer counts", &alone, 5, "uid-p", {"crowded"}},
      {"a less important one does not", &alone, 6, "uid-p", {}},
      {"nor does it count itself", &alone, 5, "uid-peer", {}},
      {"the peer may not come after all", &together, 5, "uid-p", {"lonely"}},
      {"both are well", &either, 5, "uid-p", {}},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    auto pod = make_pod("p", "1");
    pod.priority = row.priority;
    pod.meta.uid = row.uid;
    const Filters filters({row.plugin}, {row.plugin});
    const auto status = filters.ask(bench.state, pod, bench.node);
    CHECK(status.reasons == row.reasons);
    CHECK(filters.ask(*row.plugin, bench.state, pod, bench.node).reasons == row.reasons);
    if (!status.ok()) CHECK(status.plugin == "Crowd");
  }
  CHECK(bench.node.pods.empty());
}

TEST_CASE("the CPUs meant for a nominated Pod are not free for others") {
  Bench bench;
  bench.node.cpus = allocator::Occupancy(make_machine(1, 4, 2));
  const auto level = api::ExclusivenessLevel::cpu;
  bench.node.nominated.push_back({of_priority("peer", 5), allocator::Placement{{0, 1, 2}, level}});
  const auto config = default_config();
  const auto& profile = config.profiles[0];
  const Filters filters(profile.pre_filter, {profile.plugin("WorkloadAware")});
  auto pod = make_class_pod("p", "io-bound", "4");
  const auto ask = [&] {
    CycleState state;
    profile.plugin("WorkloadAware")->pre_filter(state, pod, Snapshot());
    return Filters({}, filters.plugins()).ask(state, pod, bench.node);
  };
  CHECK(ask().ok());
  pod = make_class_pod("p", "io-bound", "5");
  CHECK_FALSE(ask().ok());
  pod.priority = 6;
  CHECK(ask().ok());
}

TEST_CASE("in a trial Pods come and go with their load and their CPUs; the node itself is left alone") {
  Bench bench;
  bench.node.cpus = allocator::Occupancy(make_machine(1, 4, 2));
  const Crowd crowd(0, 0);
  const Filters filters({&crowd}, {&crowd});
  const auto pod = make_pod("p", "1");
  const auto other = of_priority("other", 0);
  Trial trial(filters, bench.state, pod, bench.node);
  CHECK(trial.ask().ok());
  const PodCpus cpus{{{{0, 1}, api::ExclusivenessLevel::cpu}}, true};
  trial.add(other, cpus);
  CHECK_FALSE(trial.ask().ok());
  CHECK(trial.node().requested.milli_cpu == 1000);
  CHECK(trial.node().pool_milli_cpu == 1000);
  CHECK(trial.node().cpus.exclusive() == CpuSet{0, 1});
  trial.remove(other, cpus);
  CHECK(trial.ask().ok());
  CHECK(trial.node().pool_milli_cpu == 0);
  CHECK(trial.node().cpus.exclusive().empty());
  CHECK(bench.node.cpus.exclusive().empty());
}

#include "hint_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

namespace {

struct Fit : HintBench {
  std::unique_ptr<Plugin> plugin = make(make_node_resources_fit);
  api::Pod waiting = make_pod("p", "8", "1Gi");
};

void allocate(api::Node& node, const char* resource, const char* amount) {
  node.allocatable[resource] = *Quantity::parse(amount);
}

}  // namespace

TEST_CASE("resources: a node must be large enough, and new or grown in what is asked for") {
  const Fit fit;
  const auto& [plugin, waiting] = std::tie(fit.plugin, fit.waiting);
  CHECK(fit.added(*plugin, waiting, *make_node("n", "8")) == "queue");
  CHECK(fit.added(*plugin, waiting, *make_node("n", "7")) == "skip");
  const auto node = *make_node("n", "8", "4Gi");
  struct Row {
    const char *resource, *amount, *answer;
  };
  const Row rows[] = {
      {"cpu", "9", "queue"},
      {"cpu", "7", "skip"},                // too small now
      {"memory", "8Gi", "queue"},          // it asks for memory, too
      {"memory", "2Gi", "skip"},           // less than before
      {"ephemeral-storage", "1", "skip"},  // it asks for none
      {"example.com/device", "1", "skip"},
      {"pods", "111", "queue"},  // of which every Pod takes one
      {"pods", "0", "skip"},
  };
  for (const auto& [resource, amount, answer] : rows) {
    INFO(resource << " " << amount);
    CHECK(fit.updated(*plugin, waiting, node, [&](auto& n) { allocate(n, resource, amount); }) == answer);
  }
  CHECK(fit.updated(*plugin, waiting, node, [](auto& n) { n.meta.labels["a"] = "b"; }).empty());
  CHECK(fit.updated(*plugin, waiting, node, [](auto& n) { n.taints.push_back({"a", "b", "NoSchedule"}); }) ==
        "queue");
  CHECK(fit.removed(*plugin, waiting, node).empty());
}

TEST_CASE("resources: any Pod that leaves a node gives hope, or that was to go to one") {
  const Fit fit;
  auto other = make_pod("other", "1");
  CHECK(fit.removed(*fit.plugin, fit.waiting, other) == "skip");
  CHECK(fit.removed(*fit.plugin, fit.waiting, on_node(other, "n")) == "queue");
  other.nominated_node_name = "n";
  CHECK(fit.removed(*fit.plugin, fit.waiting, other) == "queue");
  CHECK(fit.added(*fit.plugin, fit.waiting, on_node(other, "n")).empty());
}

TEST_CASE("resources: a Pod that asks for less") {
  const Fit fit;
  const auto ask_for = [](const char* cpu, const char* memory) {
    return [=](api::Pod& pod) {
      pod.spec->containers[0].requests = resources({{"cpu", cpu}, {"memory", memory}});
    };
  };
  const auto other = on_node(make_pod("other", "2", "1Gi"), "n");
  CHECK(fit.updated(*fit.plugin, fit.waiting, other, ask_for("1", "1Gi")) == "queue");
  CHECK(fit.updated(*fit.plugin, fit.waiting, other, ask_for("3", "1Gi")).empty());
  CHECK(fit.updated(*fit.plugin, fit.waiting, make_pod("elsewhere", "2"), ask_for("1", "1Gi")) == "skip");
  CHECK(fit.updated(*fit.plugin, fit.waiting, fit.waiting, ask_for("7", "1Gi")) == "queue");
  // Of what it does not ask for, it may have all.
  CHECK(fit.updated(*fit.plugin, make_pod("modest", "1"), other, ask_for("2", "1Mi")) == "skip");
}

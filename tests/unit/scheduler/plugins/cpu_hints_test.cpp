#include "hint_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

namespace {

// Both plugins say the same of what happens on a node.
struct Cpus : HintBench {
  std::unique_ptr<Plugin> plugins[2] = {make(make_workload_aware), make(make_pod_isolation)};
  api::Pod waiting = make_class_pod("p", "cpu-bound", "4");
  Cpus() { with_room = {"roomy"}; }
};

api::PodCPUBinding by_hand(const std::string& node) {
  auto binding = make_binding(make_pod("other"), node, "0-3", api::ExclusivenessLevel::cpu);
  binding.meta.owner_references->clear();
  return binding;
}

}  // namespace

TEST_CASE("CPUs: what happens on a node counts where the Pod could get its CPUs then") {
  const Cpus bench;
  for (const auto& plugin : bench.plugins) {
    for (const auto& [node, answer] : {std::pair("roomy", "queue"), std::pair("full", "skip")}) {
      INFO(plugin->name() << " " << node);
      const auto other = on_node(make_pod("other", "2"), node);
      CHECK(bench.added(*plugin, bench.waiting, *make_node(node)) == answer);
      CHECK(bench.added(*plugin, bench.waiting, make_topology(node, make_machine(1, 4, 2))) == answer);
      CHECK(bench.updated(*plugin, bench.waiting, make_topology(node, make_machine(1, 4, 2)),
                          [](auto& topology) { topology.status.reserved_cpus = {0}; }) == answer);
      CHECK(bench.removed(*plugin, bench.waiting, other) == answer);
      CHECK(bench.updated(*plugin, bench.waiting, other, [](auto& pod) {
        pod.spec->containers[0].requests = resources({{"cpu", "1"}});
      }) == answer);
      const auto binding = make_binding(other, node, "0-3", api::ExclusivenessLevel::cpu);
      CHECK(bench.removed(*plugin, bench.waiting, binding) == answer);
      CHECK(bench.updated(*plugin, bench.waiting, binding, [](auto& b) { b.spec.cpu_set = {0, 1}; }) ==
            answer);
      CHECK(bench.added(*plugin, bench.waiting, binding) == "skip");
      CHECK(bench.added(*plugin, bench.waiting, by_hand(node)) == answer);
      // It counts where its Pod is, which it does not say yet.
      CHECK(bench.added(*plugin, bench.waiting, by_hand("")) == "queue");
    }
    CHECK(bench.removed(*plugin, bench.waiting, *make_node("roomy")).empty());
  }
}

TEST_CASE("CPUs: a Pod that was nominated for a node leaves it, too") {
  const Cpus bench;
  auto other = make_pod("other", "2");
  CHECK(bench.removed(*bench.plugins[0], bench.waiting, other) == "skip");
  other.nominated_node_name = "roomy";
  CHECK(bench.removed(*bench.plugins[0], bench.waiting, other) == "queue");
}

TEST_CASE("CPUs: the Pod itself asks for less, or for other CPUs") {
  const Cpus bench;
  const auto& [workload_aware, pod_isolation] = bench.plugins;
  const auto less = [](api::Pod& pod) { pod.spec->containers[0].requests = resources({{"cpu", "1"}}); };
  CHECK(bench.updated(*workload_aware, bench.waiting, bench.waiting, less) == "queue");
  CHECK(bench.updated(*pod_isolation, bench.waiting, bench.waiting, less) == "queue");

  const auto other_class = [](api::Pod& pod) {
    pod.meta.labels[std::string(api::workload_type_label)] = "io-bound";
  };
  const auto other_label = [](api::Pod& pod) { pod.meta.labels["a"] = "b"; };
  CHECK(bench.updated(*workload_aware, bench.waiting, bench.waiting, other_class) == "queue");
  CHECK(bench.updated(*workload_aware, bench.waiting, bench.waiting, other_label) == "skip");
  CHECK(bench.updated(*workload_aware, bench.waiting, make_class_pod("other", "cpu-bound", "4"),
                      other_class) == "skip");

  const auto other_level = [](api::Pod& pod) {
    pod.meta.annotations[std::string(api::exclusiveness_level_annotation)] = "Core";
  };
  const auto lifted = [](api::Pod& pod) {
    pod.meta.annotations[std::string(api::cfs_quota_annotation)] = "lift";
  };
  const auto isolated = [](api::Pod& pod) {
    pod.meta.annotations[std::string(api::isolation_annotation)] = "";
  };
  const auto other_annotation = [](api::Pod& pod) { pod.meta.annotations["a"] = "b"; };
  for (const auto* plugin : {&*workload_aware, &*pod_isolation}) {
    CHECK(bench.updated(*plugin, bench.waiting, bench.waiting, other_level) == "queue");
    CHECK(bench.updated(*plugin, bench.waiting, bench.waiting, lifted) == "queue");
    CHECK(bench.updated(*plugin, bench.waiting, bench.waiting, isolated) == "queue");
    CHECK(bench.updated(*plugin, bench.waiting, make_class_pod("other", "cpu-bound", "4"), other_level) ==
          "skip");
    CHECK(bench.updated(*plugin, bench.waiting, bench.waiting, other_annotation) == "skip");
  }
}

#include "hint_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

TEST_CASE("SchedulingGates holds a Pod back by the names of its gates") {
  const auto plugin = make(make_scheduling_gates);
  auto pod = make_pod("p");
  CHECK(plugin->pre_enqueue(pod).ok());
  pod.spec->scheduling_gates = {"a", "b"};
  CHECK(verdict(plugin->pre_enqueue(pod)) ==
        "UnschedulableAndUnresolvable: waiting for scheduling gates: [a b]");
}

TEST_CASE("SchedulingGates hopes for the last of the Pod's own gates to go") {
  const HintBench bench;
  const auto plugin = make(make_scheduling_gates);
  auto waiting = make_pod("p");
  waiting.spec->scheduling_gates = {"a", "b"};
  auto other = waiting;
  other.meta.uid = "another";
  CHECK(bench.updated(*plugin, waiting, waiting, [](auto& pod) { pod.spec->scheduling_gates.clear(); }) ==
        "queue");
  CHECK(bench.updated(*plugin, waiting, waiting, [](auto& pod) { pod.spec->scheduling_gates.pop_back(); })
            .empty());
  CHECK(bench.updated(*plugin, waiting, other, [](auto& pod) { pod.spec->scheduling_gates.clear(); }) ==
        "skip");
}

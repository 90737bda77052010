#include "plugin_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

TEST_CASE("SchedulingGates holds a Pod back by the names of its gates") {
  const auto plugin = make(make_scheduling_gates);
  auto pod = make_pod("p");
  CHECK(plugin->pre_enqueue(pod).ok());
  pod.scheduling_gates = {"a", "b"};
  CHECK(verdict(plugin->pre_enqueue(pod)) ==
        "UnschedulableAndUnresolvable: waiting for scheduling gates: [a b]");
}

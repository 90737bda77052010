#include "plugin_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

TEST_CASE("PrioritySort sorts the queue and does nothing else; the queue itself has the order") {
  const auto plugin = make(make_priority_sort);
  CHECK(plugin->name() == "PrioritySort");
  CHECK(plugin->points() == static_cast<Points>(Point::queue_sort));
  std::string signature;
  CHECK(plugin->sign(make_pod("p"), Snapshot(), signature));
  CHECK(signature.empty());  // no verdict of it depends on the Pod
}

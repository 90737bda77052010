#include "plugin_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

TEST_CASE("NodeResourcesBalancedAllocation prefers like proportions") {
  const auto plugin = make(make_node_resources_balanced_allocation);
  const auto pod = make_pod("p", "2", "1Gi");
  CHECK(scored(*plugin, pod,
               {make_node("n0", "8", "4Gi"), make_node("n1", "4", "8Gi"), make_node("n2", "2", "100Gi")}) ==
        Scores{100, 81, 50});
  CHECK(scored(*plugin, make_pod("p"), {make_node("n")}).empty());

  auto more = make_pod("p", "1", "1Gi");
  more.spec->containers[0].requests.emplace("example.com/gpu", Quantity::units(1));
  auto node = make_node("n", "4", "4Gi");
  node->allocatable.emplace("example.com/gpu", Quantity::units(1));
  const nlohmann::json args = {
      {"resources", {{{"name", "cpu"}}, {{"name", "memory"}}, {{"name", "example.com/gpu"}}}}};
  CHECK(scored(*make(make_node_resources_balanced_allocation, args), more, {node}) == Scores{64});
}

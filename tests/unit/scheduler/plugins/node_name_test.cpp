#include "hint_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

TEST_CASE("NodeName takes only the node that is asked for") {
  const auto plugin = make(make_node_name);
  CHECK(verdict(filtered(*plugin, make_pod("p"), make_node("n"))) == "Success");
  CHECK(verdict(filtered(*plugin, on_node(make_pod("p"), "n"), make_node("n"))) == "Success");
  CHECK(verdict(filtered(*plugin, on_node(make_pod("p"), "m"), make_node("n"))) ==
        "UnschedulableAndUnresolvable: node(s) didn't match the requested node name");
}

TEST_CASE("NodeName hopes for any new node") {
  const HintBench bench;
  const auto plugin = make(make_node_name);
  CHECK(bench.added(*plugin, make_pod("p"), *make_node("n")) == "queue");
  CHECK(bench.updated(*plugin, make_pod("p"), *make_node("n"), [](auto& n) { n.meta.labels["a"] = "b"; })
            .empty());
  CHECK(bench.removed(*plugin, make_pod("p"), *make_node("n")).empty());
}

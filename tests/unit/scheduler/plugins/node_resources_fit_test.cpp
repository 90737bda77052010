#include "plugin_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

TEST_CASE("NodeResourcesFit says everything that is insufficient") {
  const auto plugin = make(make_node_resources_fit);
  const auto node = [](std::initializer_list<std::pair<const char*, const char*>> allocatable) {
    auto made = make_node("n");
    made->allocatable = resources(allocatable);
    return made;
  };
  const auto asking = [](std::initializer_list<std::pair<const char*, const char*>> requests) {
    auto pod = make_pod("p");
    pod.spec->containers[0].requests = resources(requests);
    return pod;
  };
  struct Row {
    const char* what;
    api::Pod pod;
    std::shared_ptr<api::Node> node;
    std::vector<api::Pod> others;
    const char* verdict;
  };
  const Row rows[] = {
      {"fits exactly",
       asking({{"cpu", "2"}, {"memory", "1Gi"}}),
       node({{"cpu", "2"}, {"memory", "1Gi"}, {"pods", "1"}}),
       {},
       "Success"},
      {"more than there ever is",
       asking({{"cpu", "2001m"}}),
       node({{"cpu", "2"}, {"pods", "1"}}),
       {},
       "UnschedulableAndUnresolvable: Insufficient cpu"},
      {"more than is left",
       asking({{"cpu", "2"}}),
       node({{"cpu", "2"}, {"pods", "9"}}),
       {make_pod("q", "1m")},
       "Unschedulable: Insufficient cpu"},
      {"no place for a Pod",
       asking({}),
       node({{"cpu", "2"}, {"pods", "1"}}),
       {make_pod("q")},
       "Unschedulable: Too many pods"},
      {"no place at all", asking({}), node({{"cpu", "2"}}), {}, "Unschedulable: Too many pods"},
      {"everything at once",
       asking({{"cpu", "2"},
               {"memory", "2"},
               {"ephemeral-storage", "2"},
               {"example.com/gpu", "1"},
               {"hugepages-2Mi", "1"}}),
       node({{"cpu", "1"}, {"memory", "1"}, {"ephemeral-storage", "1"}}),
       {},
       "UnschedulableAndUnresolvable: Too many pods: Insufficient cpu: Insufficient memory: Insufficient "
       "ephemeral-storage: Insufficient example.com/gpu: Insufficient hugepages-2Mi"},
      {"an extended resource that is used up",
       asking({{"example.com/gpu", "1"}}),
       node({{"example.com/gpu", "1"}, {"pods", "9"}}),
       {asking({{"example.com/gpu", "1"}})},
       "Unschedulable: Insufficient example.com/gpu"},
      {"names nobody counts",
       asking({{"storage", "1"}, {"requests.example.com/gpu", "1"}}),
       node({{"pods", "9"}}),
       {},
       "Success"},
      {"zero of something the node lacks",
       asking({{"example.com/gpu", "0"}, {"cpu", "0"}}),
       node({{"pods", "9"}}),
       {},
       "Success"},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    CHECK(verdict(filtered(*plugin, row.pod, row.node, row.others)) == row.verdict);
  }
  const auto lenient = make(make_node_resources_fit, {{"ignoredResources", {"example.com/a"}},
                                                      {"ignoredResourceGroups", {"example.org"}}});
  CHECK(verdict(filtered(
            *lenient, asking({{"example.com/a", "1"}, {"example.org/b", "1"}, {"example.com/c", "1"}}),
            node({{"pods", "9"}}))) == "UnschedulableAndUnresolvable: Insufficient example.com/c");
}

TEST_CASE("NodeResourcesFit scores by its strategy") {
  const auto pod = make_pod("p", "1", "1Gi");
  // A quarter, half and all of the CPUs taken; memory a quarter.
  const std::vector nodes = {make_node("n0", "8", "8Gi"), make_node("n1", "8", "8Gi"),
                             make_node("n2", "8", "8Gi")};
  const std::vector others = {on_node(make_pod("a", "1", "1Gi"), "n0"),
                              on_node(make_pod("b", "3", "1Gi"), "n1"),
                              on_node(make_pod("c", "7", "1Gi"), "n2")};
  const auto strategy = [](const char* type, nlohmann::json more = nlohmann::json::object()) {
    more["type"] = type;
    return nlohmann::json{{"scoringStrategy", more}};
  };
  CHECK(scored(*make(make_node_resources_fit), pod, nodes, others) == Scores{75, 62, 37});
  CHECK(scored(*make(make_node_resources_fit, strategy("MostAllocated")), pod, nodes, others) ==
        Scores{25, 37, 62});
  CHECK(scored(*make(make_node_resources_fit,
                     strategy("LeastAllocated",
                              {{"resources", {{{"name", "cpu"}, {"weight", 3}}, {{"name", "memory"}}}}})),
               pod, nodes, others) == Scores{75, 56, 18});
  const nlohmann::json curve = {{"shape",
                                 {{{"utilization", 0}, {"score", 0}},
                                  {{"utilization", 50}, {"score", 10}},
                                  {{"utilization", 100}, {"score", 5}}}}};
  CHECK(scored(*make(make_node_resources_fit,
                     strategy("RequestedToCapacityRatio", {{"requestedToCapacityRatio", curve}})),
               pod, nodes, others) == Scores{50, 75, 50});
  // A Pod without requests weighs 100m and 200 MiB.
  CHECK(scored(*make(make_node_resources_fit), make_pod("p"), {make_node("n", "1", "400Mi")}) == Scores{70});
  // Resources that only some Pods want are left out for the others.
  CHECK(scored(*make(make_node_resources_fit,
                     strategy("LeastAllocated", {{"resources", {{{"name", "example.com/gpu"}}}}})),
               pod, {make_node("n")}) == Scores{0});
}

// Every upstream plugin alone, by tables: its verdict and words on a node, its score before and after
// normalizing.
#include "../../../src/scheduler/plugins/plugins.hpp"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "fixtures.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

namespace {

std::unique_ptr<Plugin> make(Factory factory, const nlohmann::json& args = nullptr) {
  api::JsonDocument document(args);
  auto plugin = factory(document.root());
  REQUIRE_FALSE(document.error());
  return plugin;
}

// PreFilter and Filter of one Pod on one node, with other Pods on it.
Status filtered(const Plugin& plugin, const api::Pod& pod, std::shared_ptr<const api::Node> node,
                const std::vector<api::Pod>& others = {}) {
  Cache cache;
  Snapshot snapshot;
  const auto name = node->meta.name;
  cache.upsert(std::move(node));
  for (const auto& other : others) cache.upsert(on_node(other, name));
  cache.update(snapshot);
  CycleState state;
  auto [status, names] = plugin.pre_filter(state, pod, snapshot);
  if (!status.ok()) return status;
  return plugin.filter(state, pod, *snapshot.find(name));
}

std::string verdict(const Status& status) {
  std::string text(to_string(status.code));
  for (const auto& reason : status.reasons) text += ": " + reason;
  return text;
}

// PreScore, Score, NormalizeScore on nodes in their order; empty: PreScore skipped.
std::vector<std::int64_t> scored(const Plugin& plugin, const api::Pod& pod,
                                 const std::vector<std::shared_ptr<api::Node>>& nodes,
                                 const std::vector<api::Pod>& others = {}, bool normalized = true) {
  Cache cache;
  Snapshot snapshot;
  for (const auto& node : nodes) cache.upsert(node);
  for (const auto& other : others) cache.upsert(other);
  cache.update(snapshot);
  CycleState state;
  plugin.pre_filter(state, pod, snapshot);
  if (plugin.pre_score(state, pod, snapshot).code == Code::skip) return {};
  std::vector<std::int64_t> scores;
  for (const auto& node : nodes) scores.push_back(plugin.score(state, pod, *snapshot.find(node->meta.name)));
  if (normalized && plugin.normalizes()) plugin.normalize(scores);
  return scores;
}

using Scores = std::vector<std::int64_t>;

std::shared_ptr<api::Node> labelled(std::string name, api::StringMap labels) {
  auto node = make_node(std::move(name));
  node->meta.labels = std::move(labels);
  return node;
}

std::shared_ptr<api::Node> tainted(std::string name, std::vector<api::Taint> taints) {
  auto node = make_node(std::move(name));
  node->taints = std::move(taints);
  return node;
}

}  // namespace

TEST_CASE("a toleration tolerates a taint") {
  struct Row {
    api::Toleration toleration;
    api::Taint taint;
    bool tolerated;
  };
  const Row rows[] = {
      {{"k", "Equal", "v", "NoSchedule", {}}, {"k", "v", "NoSchedule"}, true},
      {{"k", "", "v", "NoSchedule", {}}, {"k", "v", "NoSchedule"}, true},
      {{"k", "Equal", "w", "NoSchedule", {}}, {"k", "v", "NoSchedule"}, false},
      {{"k", "Equal", "v", "NoExecute", {}}, {"k", "v", "NoSchedule"}, false},
      {{"k", "Exists", "", "", {}}, {"k", "v", "NoSchedule"}, true},
      {{"k", "Exists", "", "", {}}, {"other", "v", "NoSchedule"}, false},
      {{"", "Exists", "", "", {}}, {"any", "v", "NoExecute"}, true},
      {{"", "Equal", "v", "", {}}, {"any", "v", "NoExecute"}, true},
      {{"k", "Gt", "3", "", {}}, {"k", "5", "NoSchedule"}, false},
  };
  for (const auto& row : rows) {
    CAPTURE(row.toleration.key, row.toleration.op, row.taint.key);
    CHECK(tolerates(row.toleration, row.taint) == row.tolerated);
  }
}

TEST_CASE("TaintToleration filters by NoSchedule and NoExecute, scores by PreferNoSchedule") {
  const auto plugin = make(make_taint_toleration);
  auto pod = make_pod("p");
  CHECK(verdict(filtered(*plugin, pod, make_node("n"))) == "Success");
  for (const auto* effect : {"NoSchedule", "NoExecute"}) {
    CHECK(verdict(filtered(*plugin, pod, tainted("n", {{"k", "v", effect}}))) ==
          "UnschedulableAndUnresolvable: node(s) had untolerated taint(s)");
  }
  CHECK(verdict(filtered(*plugin, pod, tainted("n", {{"k", "v", "PreferNoSchedule"}}))) == "Success");
  pod.tolerations = {{"a", "Exists", "", "PreferNoSchedule", {}}};
  const std::vector nodes = {tainted("n0", {}), tainted("n1", {{"a", "", "PreferNoSchedule"}}),
                             tainted("n2", {{"b", "", "PreferNoSchedule"}}),
                             tainted("n3", {{"b", "", "PreferNoSchedule"}, {"c", "", "PreferNoSchedule"}})};
  CHECK(scored(*plugin, pod, nodes, {}, false) == Scores{0, 0, 1, 2});
  CHECK(scored(*plugin, pod, nodes) == Scores{100, 100, 50, 0});
  CHECK(scored(*plugin, pod, {tainted("n", {})}) == Scores{100});
}

TEST_CASE("NodeUnschedulable refuses cordoned nodes") {
  const auto plugin = make(make_node_unschedulable);
  auto cordoned = make_node("n");
  cordoned->unschedulable = true;
  auto pod = make_pod("p");
  CHECK(verdict(filtered(*plugin, pod, make_node("n"))) == "Success");
  CHECK(verdict(filtered(*plugin, pod, cordoned)) ==
        "UnschedulableAndUnresolvable: node(s) were unschedulable");
  pod.tolerations = {{"node.kubernetes.io/unschedulable", "Exists", "", "NoSchedule", {}}};
  CHECK(verdict(filtered(*plugin, pod, cordoned)) == "Success");
}

TEST_CASE("NodeName takes only the node that is asked for") {
  const auto plugin = make(make_node_name);
  CHECK(verdict(filtered(*plugin, make_pod("p"), make_node("n"))) == "Success");
  CHECK(verdict(filtered(*plugin, on_node(make_pod("p"), "n"), make_node("n"))) == "Success");
  CHECK(verdict(filtered(*plugin, on_node(make_pod("p"), "m"), make_node("n"))) ==
        "UnschedulableAndUnresolvable: node(s) didn't match the requested node name");
}

TEST_CASE("SchedulingGates holds a Pod back by the names of its gates") {
  const auto plugin = make(make_scheduling_gates);
  auto pod = make_pod("p");
  CHECK(plugin->pre_enqueue(pod).ok());
  pod.scheduling_gates = {"a", "b"};
  CHECK(verdict(plugin->pre_enqueue(pod)) ==
        "UnschedulableAndUnresolvable: waiting for scheduling gates: [a b]");
}

TEST_CASE("NodePorts refuses a host port that is taken") {
  const auto plugin = make(make_node_ports);
  const auto with_port = [](const char* name, int port, const char* ip = "", const char* protocol = "TCP") {
    auto pod = make_pod(name);
    pod.containers[0].ports = {{port, ip, protocol}};
    return pod;
  };
  const auto* taken = "Unschedulable: node(s) didn't have free ports for the requested pod ports";
  struct Row {
    api::Pod pod, other;
    const char* verdict;
  };
  const Row rows[] = {
      {make_pod("p"), with_port("q", 80), "Skip"},
      {with_port("p", 80), make_pod("q"), "Success"},
      {with_port("p", 80), with_port("q", 80), taken},
      {with_port("p", 80), with_port("q", 81), "Success"},
      {with_port("p", 80), with_port("q", 80, "", "UDP"), "Success"},
      {with_port("p", 80, "10.0.0.1"), with_port("q", 80, "10.0.0.2"), "Success"},
      {with_port("p", 80, "10.0.0.1"), with_port("q", 80, "10.0.0.1"), taken},
      {with_port("p", 80, "0.0.0.0"), with_port("q", 80, "10.0.0.1"), taken},
      {with_port("p", 80, "10.0.0.1"), with_port("q", 80), taken},
  };
  for (const auto& row : rows)
    CHECK(verdict(filtered(*plugin, row.pod, make_node("n"), {row.other})) == row.verdict);

  // A sidecar's port counts, an init container's does not.
  auto pod = make_pod("p");
  pod.init_containers.push_back({.name = "i", .ports = {{80, "", "TCP"}}});
  CHECK(verdict(filtered(*plugin, pod, make_node("n"), {with_port("q", 80)})) == "Skip");
  pod.init_containers[0].restart_always = true;
  CHECK(verdict(filtered(*plugin, pod, make_node("n"), {with_port("q", 80)})) == taken);
}

TEST_CASE("NodeAffinity: required terms") {
  const auto plugin = make(make_node_affinity);
  const auto node = labelled("n1", {{"zone", "a"}, {"cores", "16"}, {"name", "x"}});
  const auto* no = "UnschedulableAndUnresolvable: node(s) didn't match Pod's node affinity/selector";
  struct Row {
    std::vector<api::NodeSelectorTerm> terms;
    const char* verdict;
  };
  const auto expression = [](const char* key, const char* op, std::vector<std::string> values) {
    return api::NodeSelectorTerm{{{key, op, std::move(values)}}, {}};
  };
  const Row rows[] = {
      {{expression("zone", "In", {"a", "b"})}, "Success"},
      {{expression("zone", "In", {"b"})}, no},
      {{expression("zone", "In", {})}, no},
      {{expression("zone", "NotIn", {"b"})}, "Success"},
      {{expression("zone", "NotIn", {"a"})}, no},
      {{expression("rack", "NotIn", {"a"})}, "Success"},
      {{expression("zone", "Exists", {})}, "Success"},
      {{expression("zone", "Exists", {"a"})}, no},
      {{expression("rack", "Exists", {})}, no},
      {{expression("rack", "DoesNotExist", {})}, "Success"},
      {{expression("zone", "DoesNotExist", {})}, no},
      {{expression("cores", "Gt", {"8"})}, "Success"},
      {{expression("cores", "Gt", {"16"})}, no},
      {{expression("cores", "Lt", {"17"})}, "Success"},
      {{expression("cores", "Lt", {"+17"})}, no},
      {{expression("cores", "Lt", {"x"})}, no},
      {{expression("cores", "Lt", {"17", "18"})}, no},
      {{expression("name", "Gt", {"1"})}, no},
      {{expression("rack", "Gt", {"1"})}, no},
      {{expression("zone", "Near", {"a"})}, no},
      {{expression("a/b/c", "Exists", {})}, no},
      {{expression("zone", "NotIn", {"not valid!"})}, no},
      {{}, no},
      {{{}}, no},
      {{{}, expression("zone", "In", {"a"})}, "Success"},
      {{{{{"zone", "In", {"a"}}, {"rack", "Exists", {}}}, {}}}, no},
      {{expression("zone", "Near", {}), expression("zone", "Exists", {})}, "Success"},
      {{{{}, {{"metadata.name", "In", {"n1"}}}}}, "Success"},
      {{{{}, {{"metadata.name", "In", {"n2"}}}}}, no},
      {{{{}, {{"metadata.name", "NotIn", {"n2"}}}}}, "Success"},
      {{{{}, {{"metadata.name", "NotIn", {"n1"}}}}}, no},
      {{{{}, {{"metadata.name", "In", {"n1", "n2"}}}}}, no},
      {{{{}, {{"metadata.name", "Exists", {}}}}}, no},
      {{{{{"zone", "In", {"b"}}}, {{"metadata.name", "In", {"n1"}}}}}, no},
      {{{{}, {{"metadata.name", "In", {"n1"}}, {"metadata.name", "In", {"n2"}}}}},
       "UnschedulableAndUnresolvable: pod affinity terms conflict"},
  };
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    CAPTURE(i);
    auto pod = make_pod("p");
    pod.node_affinity.required = rows[i].terms;
    CHECK(verdict(filtered(*plugin, pod, node)) == rows[i].verdict);
  }
  auto pod = make_pod("p");
  CHECK(verdict(filtered(*plugin, pod, node)) == "Skip");
  pod.node_selector = {{"zone", "a"}, {"cores", "16"}};
  CHECK(verdict(filtered(*plugin, pod, node)) == "Success");
  pod.node_selector["cores"] = "8";
  CHECK(verdict(filtered(*plugin, pod, node)) == no);
}

TEST_CASE("NodeAffinity: preferred terms and the profile's addedAffinity") {
  const nlohmann::json args = {
      {"addedAffinity",
       {{"requiredDuringSchedulingIgnoredDuringExecution",
         {{"nodeSelectorTerms",
           {{{"matchExpressions", {{{"key", "pool"}, {"operator", "In"}, {"values", {"maestro"}}}}}}}}}},
        {"preferredDuringSchedulingIgnoredDuringExecution",
         {{{"weight", 5},
           {"preference", {{"matchExpressions", {{{"key", "fast"}, {"operator", "Exists"}}}}}}}}}}}};
  const auto plugin = make(make_node_affinity, args);
  const auto pod = make_pod("p");
  CHECK(verdict(filtered(*plugin, pod, labelled("n", {{"pool", "maestro"}}))) == "Success");
  CHECK(verdict(filtered(*plugin, pod, labelled("n", {}))) ==
        "UnschedulableAndUnresolvable: node(s) didn't match scheduler-enforced node affinity");

  auto choosy = make_pod("p");
  choosy.node_affinity.preferred = {{10, {{{"zone", "In", {"a"}}}, {}}},
                                    {20, {{{"disk", "Exists", {}}}, {}}},
                                    {0, {{{"zone", "Near", {}}}, {}}},
                                    {50, {}}};
  const std::vector nodes = {labelled("n0", {}), labelled("n1", {{"zone", "a"}}),
                             labelled("n2", {{"zone", "a"}, {"disk", ""}}), labelled("n3", {{"fast", ""}})};
  CHECK(scored(*plugin, choosy, nodes, {}, false) == Scores{0, 10, 30, 5});
  CHECK(scored(*plugin, choosy, nodes) == Scores{0, 33, 100, 16});
  CHECK(scored(*make(make_node_affinity), pod, nodes).empty());

  choosy.node_affinity.preferred = {{1, {{{"zone", "Near", {}}}, {}}}};
  Cache cache;
  Snapshot snapshot;
  cache.update(snapshot);
  CycleState state;
  CHECK(plugin->pre_score(state, choosy, snapshot).code == Code::error);
}

TEST_CASE("NodeResourcesFit says everything that is insufficient") {
  const auto plugin = make(make_node_resources_fit);
  const auto node = [](std::initializer_list<std::pair<const char*, const char*>> allocatable) {
    auto made = make_node("n");
    made->allocatable = resources(allocatable);
    return made;
  };
  const auto asking = [](std::initializer_list<std::pair<const char*, const char*>> requests) {
    auto pod = make_pod("p");
    pod.containers[0].requests = resources(requests);
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

TEST_CASE("NodeResourcesBalancedAllocation prefers like proportions") {
  const auto plugin = make(make_node_resources_balanced_allocation);
  const auto pod = make_pod("p", "2", "1Gi");
  CHECK(scored(*plugin, pod,
               {make_node("n0", "8", "4Gi"), make_node("n1", "4", "8Gi"), make_node("n2", "2", "100Gi")}) ==
        Scores{100, 81, 50});
  CHECK(scored(*plugin, make_pod("p"), {make_node("n")}).empty());

  auto more = make_pod("p", "1", "1Gi");
  more.containers[0].requests.emplace("example.com/gpu", Quantity::units(1));
  auto node = make_node("n", "4", "4Gi");
  node->allocatable.emplace("example.com/gpu", Quantity::units(1));
  const nlohmann::json args = {
      {"resources", {{{"name", "cpu"}}, {{"name", "memory"}}, {{"name", "example.com/gpu"}}}}};
  CHECK(scored(*make(make_node_resources_balanced_allocation, args), more, {node}) == Scores{64});
}

TEST_CASE("ImageLocality prefers nodes that have the images") {
  const auto plugin = make(make_image_locality);
  const auto with = [](std::string name, std::vector<api::ContainerImage> images) {
    auto node = make_node(std::move(name));
    node->images = std::move(images);
    return node;
  };
  constexpr std::int64_t mebibyte = 1024 * 1024;
  auto pod = make_pod("p");
  pod.containers[0].image = "registry:5000/app";
  const std::vector nodes = {with("n0", {}), with("n1", {{{"registry:5000/app:latest"}, 1000 * mebibyte}}),
                             with("n2", {{{"registry:5000/app:latest"}, 4000 * mebibyte}}),
                             with("n3", {{{"registry:5000/app:1"}, 4000 * mebibyte}})};
  // Half of the nodes have it: it counts for half its size; no more than 1000 MiB count, nothing below 23.
  CHECK(scored(*plugin, pod, nodes) == Scores{0, 48, 100, 0});
}

TEST_CASE("pod_requests: the worst moment, Pod-level requests, overhead, resizes") {
  const auto milli = [](const api::Pod& pod, RequestOptions options = {}) {
    return to_resources(pod_requests(pod, options)).milli_cpu;
  };
  auto pod = make_pod("p", "1");
  pod.init_containers.push_back({.name = "i", .requests = resources({{"cpu", "3"}})});
  CHECK(milli(pod) == 3000);
  pod.init_containers.insert(pod.init_containers.begin(),
                             {.name = "s", .requests = resources({{"cpu", "1"}}), .restart_always = true});
  CHECK(milli(pod) == 4000);
  pod.overhead = resources({{"cpu", "250m"}});
  CHECK(milli(pod) == 4250);
  pod.pod_requests = resources({{"cpu", "2"}, {"ephemeral-storage", "7"}});
  CHECK(milli(pod) == 2250);
  CHECK(milli(pod, {.skip_pod_level = true}) == 4250);
  CHECK(to_resources(pod_requests(pod)).ephemeral_storage == 0);

  auto resized = make_pod("p", "1");
  resized.container_statuses = {{.name = "main",
                                 .allocated_resources = resources({{"cpu", "2"}}),
                                 .resources_requests = resources({{"cpu", "3"}})}};
  CHECK(milli(resized) == 1000);
  CHECK(milli(resized, {.use_status = true}) == 3000);
  resized.containers[0].requests = resources({{"cpu", "5"}});
  CHECK(milli(resized, {.use_status = true}) == 5000);
  resized.conditions.push_back({.type = "PodResizePending", .reason = "Infeasible"});
  CHECK(milli(resized, {.use_status = true}) == 3000);
  CHECK(pod_load(make_pod("p")).non_zero_milli_cpu == 100);
  CHECK(pod_load(make_pod("p")).non_zero_memory == 200 * 1024 * 1024);
  CHECK(pod_load(make_pod("p")).requests == Resources{});
}

TEST_CASE("which resource names count") {
  struct Row {
    const char* name;
    bool scalar, extended;
  };
  const Row rows[] = {{"example.com/gpu", true, true},
                      {"hugepages-2Mi", true, false},
                      {"attachable-volumes-aws-ebs", true, false},
                      {"kubernetes.io/batch", true, false},
                      {"sub.kubernetes.io/batch", true, false},
                      {"requests.example.com/gpu", false, false},
                      {"gpu", false, false},
                      {"Example.com/gpu", false, false},
                      {"example.com/", false, false},
                      {"example.com/a b", false, false}};
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CHECK(is_scalar_resource(row.name) == row.scalar);
    CHECK(is_extended_resource(row.name) == row.extended);
  }
}

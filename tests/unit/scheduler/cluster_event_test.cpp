#include <catch2/catch_test_macros.hpp>

#include <actimanager/scheduler/cluster_event.hpp>

#include "fixtures.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

namespace {

using Names = std::vector<std::string>;

template <class T>
Names named(const Change<T>& change) {
  Names names;
  for (const auto& event : events_of(change)) names.push_back(to_string(event));
  return names;
}

template <class T, class Edit>
Names after_edit(const T& before, Edit edit) {
  auto after = std::make_shared<T>(before);
  edit(*after);
  return named(Change<T>{std::make_shared<T>(before), after});
}

template <class T>
Names added(const T& object) {
  return named(Change<T>{nullptr, std::make_shared<T>(object)});
}
template <class T>
Names removed(const T& object) {
  return named(Change<T>{std::make_shared<T>(object), nullptr});
}

}  // namespace

TEST_CASE("events of nodes") {
  const auto node = *make_node("n");
  CHECK(added(node) == Names{"NodeAdd"});
  CHECK(removed(node) == Names{"NodeDelete"});
  struct Row {
    const char* what;
    void (*edit)(api::Node&);
    Names events;
  };
  const Row rows[] = {
      {"nothing", [](api::Node&) {}, {}},
      {"its readiness", [](api::Node& n) { n.ready = !n.ready; }, {}},
      {"an annotation", [](api::Node& n) { n.meta.annotations["a"] = "b"; }, {}},
      {"an image", [](api::Node& n) { n.images.push_back({{"web:1"}, 1}); }, {}},
      {"less of something",
       [](api::Node& n) { n.allocatable["cpu"] = Quantity::units(1); },
       {"NodeUpdateNodeAllocatable"}},
      {"a label", [](api::Node& n) { n.meta.labels["a"] = "b"; }, {"NodeUpdateNodeLabel"}},
      {"a taint", [](api::Node& n) { n.taints.push_back({"a", "", "NoSchedule"}); }, {"NodeUpdateNodeTaint"}},
      {"it is cordoned", [](api::Node& n) { n.unschedulable = true; }, {}},
      {"both of two",
       [](api::Node& n) {
         n.meta.labels["a"] = "b";
         n.taints.push_back({"a", "", "NoSchedule"});
       },
       {"NodeUpdateNodeLabel", "NodeUpdateNodeTaint"}},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    CHECK(after_edit(node, row.edit) == row.events);
  }
  auto cordoned = node;
  cordoned.unschedulable = true;
  CHECK(after_edit(cordoned, [](auto& n) { n.unschedulable = false; }) == Names{"NodeUpdateNodeTaint"});
}

TEST_CASE("events of Pods") {
  auto pod = on_node(make_pod("p", "2", "1Gi"), "n");
  CHECK(added(pod) == Names{"AssignedPodAdd"});
  CHECK(removed(pod) == Names{"AssignedPodDelete"});
  struct Row {
    const char* what;
    void (*edit)(api::Pod&);
    const char* action;
  };
  const Row rows[] = {
      {"a condition", [](api::Pod& p) { p.conditions->push_back({.type = "Ready"}); }, ""},
      {"a label", [](api::Pod& p) { p.meta.labels["a"] = "b"; }, "UpdatePodLabel"},
      {"an annotation", [](api::Pod& p) { p.meta.annotations["a"] = "b"; }, "UpdatePodAnnotation"},
      {"less CPU", [](api::Pod& p) { p.spec->containers[0].requests["cpu"] = Quantity::units(1); },
       "UpdatePodScaleDown"},
      {"no memory", [](api::Pod& p) { p.spec->containers[0].requests.erase("memory"); },
       "UpdatePodScaleDown"},
      {"more CPU", [](api::Pod& p) { p.spec->containers[0].requests["cpu"] = Quantity::units(3); }, ""},
      {"a toleration", [](api::Pod& p) { p.spec->tolerations.push_back({.key = "k"}); },
       "UpdatePodToleration"},
      {"one gate of two", [](api::Pod& p) { p.spec->scheduling_gates.pop_back(); }, ""},
      {"all gates", [](api::Pod& p) { p.spec->scheduling_gates.clear(); },
       "UpdatePodSchedulingGatesEliminated"},
  };
  for (const auto* node : {"n", ""}) {
    pod.node_name = node;
    pod.spec->scheduling_gates = {"a", "b"};
    for (const auto& row : rows) {
      INFO(row.what);
      const std::string resource = *node == '\0' ? "UnschedulablePod" : "AssignedPod";
      CHECK(after_edit(pod, row.edit) == (*row.action == '\0' ? Names{} : Names{resource + row.action}));
    }
  }
}

TEST_CASE("a Pod asks for less only when the kubelet has granted it") {
  auto pod = on_node(make_pod("p", "2"), "n");
  pod.spec->containers[0].name = "main";
  const auto granted = [](int cpus) {
    return api::ContainerStatus{.name = "main",
                                .allocated_resources = api::ResourceList{{"cpu", Quantity::units(cpus)}},
                                .resources_requests = api::ResourceList{{"cpu", Quantity::units(cpus)}}};
  };
  *pod.container_statuses = {granted(2)};
  CHECK(after_edit(pod, [](auto& p) { p.spec->containers[0].requests["cpu"] = Quantity::units(1); }).empty());
  pod.spec->containers[0].requests["cpu"] = Quantity::units(1);
  CHECK(after_edit(pod, [&](auto& p) { *p.container_statuses = {granted(1)}; }) ==
        Names{"AssignedPodUpdatePodScaleDown"});
}

TEST_CASE("events of our own objects leave out what frees no CPU") {
  const auto topology = make_topology("n", make_machine(1, 4, 2));
  CHECK(added(topology) == Names{"NodeCPUTopologyAdd"});
  CHECK(after_edit(topology, [](auto& t) { t.status.internal_ip = "10.0.0.1"; }).empty());
  CHECK(after_edit(topology, [](auto& t) { t.status.reserved_cpus = {0}; }) ==
        Names{"NodeCPUTopologyUpdate"});
  CHECK(after_edit(topology, [](auto& t) { t.topology = nullptr; }) == Names{"NodeCPUTopologyUpdate"});
  CHECK(after_edit(topology, [](auto& t) { t.topology = make_machine(1, 4, 2); }).empty());
  CHECK(after_edit(topology, [](auto& t) { t.topology = make_machine(2, 4, 2); }) ==
        Names{"NodeCPUTopologyUpdate"});
  CHECK(after_edit(topology, [](auto& t) { t.node_name = "m"; }) == Names{"NodeCPUTopologyUpdate"});

  const auto binding = make_binding(make_pod("p"), "n", "0-3", api::ExclusivenessLevel::cpu);
  CHECK(removed(binding) == Names{"PodCPUBindingDelete"});
  CHECK(after_edit(binding, [](auto& b) { b.status.resource_status = api::BindingStatus::applied; }).empty());
  CHECK(after_edit(binding, [](auto& b) { b.spec.cpu_set = {0}; }) == Names{"PodCPUBindingUpdate"});
  CHECK(after_edit(binding, [](auto& b) { b.spec.pod_name = "q"; }) == Names{"PodCPUBindingUpdate"});
  CHECK(after_edit(binding, [](auto& b) { b.meta.labels[std::string(api::node_name_label)] = "m"; }) ==
        Names{"PodCPUBindingUpdate"});
}

TEST_CASE("events of other objects") {
  api::Namespace space;
  space.meta.name = "x";
  CHECK(added(space) == Names{"NamespaceAdd"});
  CHECK(after_edit(space, [](auto& n) { n.meta.annotations["a"] = "b"; }).empty());
  CHECK(after_edit(space, [](auto& n) { n.meta.labels["a"] = "b"; }) == Names{"NamespaceUpdate"});
  CHECK(added(api::CSINode{}) == Names{"storage.k8s.io/CSINodeAdd"});
  CHECK(after_edit(api::PersistentVolumeClaim{}, [](auto&) {}) == Names{"PersistentVolumeClaimUpdate"});
  CHECK(removed(api::VolumeAttachment{}) == Names{"storage.k8s.io/VolumeAttachmentDelete"});
}

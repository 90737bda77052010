// What a leader's knowledge of the cluster takes: its store and its scheduler's cache are filled with nodes
// and with running Pods as the API sends them, decoded as the leader does. Prints bytes allocated and
// resident; asserts nothing.
//
//   memory-bench [nodes] [pods]        default: 5000 100000
//
// Pods are a Deployment's, 20 replicas each, with 2.7 kB of JSON each.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <malloc.h>
#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <actimanager/api/json_value.hpp>
#include <actimanager/api/kind.hpp>
#include <actimanager/kube/store.hpp>
#include <actimanager/scheduler/cache.hpp>
#include <actimanager/scheduler/kept_pods.hpp>

using namespace actimanager;
using nlohmann::json;

namespace {

constexpr int replicas = 20;

json container(const std::string& app) {
  return {
      {"name", "server"},
      {"image", "registry.example.com/shop/server:v1.27.3"},
      {"imagePullPolicy", "IfNotPresent"},
      {"args", {"--config=/etc/app/config.yaml", "--log-format=json", "--instance=" + app}},
      {"ports", {{{"name", "http"}, {"containerPort", 8080}}}},
      {"resources", {{"requests", {{"cpu", "100m"}, {"memory", "64Mi"}}}, {"limits", {{"memory", "256Mi"}}}}},
      {"volumeMounts", {{{"name", "config"}, {"mountPath", "/etc/app"}, {"readOnly", true}}}}};
}

json toleration(const char* key) {
  return {{"key", key}, {"operator", "Exists"}, {"effect", "NoExecute"}, {"tolerationSeconds", 300}};
}

json condition(const char* type) {
  return {{"type", type}, {"status", "True"}, {"lastTransitionTime", "2026-01-31T12:00:00Z"}};
}

json pod(int index, int nodes) {
  const int set = index / replicas;
  const auto app = fmt::format("service-{:04}", set);
  const auto hash = fmt::format("{:010x}", set);
  const json labels = {{"app.kubernetes.io/name", app},
                       {"app.kubernetes.io/instance", app + "-production"},
                       {"app.kubernetes.io/part-of", "shop"},
                       {"pod-template-hash", hash}};
  const json apart = {
      {"weight", 100},
      {"podAffinityTerm",
       {{"topologyKey", "kubernetes.io/hostname"}, {"labelSelector", {{"matchLabels", labels}}}}}};
  json conditions = json::array();
  for (const auto* type :
       {"PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"}) {
    conditions.push_back(condition(type));
  }
  return {
      {"metadata",
       {{"name", fmt::format("{}-{}-{:05}", app, hash, index % replicas)},
        {"namespace", "default"},
        {"uid", fmt::format("00000000-0000-4000-8000-{:012x}", index)},
        {"resourceVersion", std::to_string(1'000'000 + index)},
        {"creationTimestamp", "2026-01-31T12:00:00Z"},
        {"labels", labels},
        {"annotations",
         {{"prometheus.io/scrape", "true"},
          {"prometheus.io/port", "8080"},
          {"checksum", fmt::format("{:064x}", set)}}},
        {"ownerReferences",
         {{{"apiVersion", "apps/v1"},
           {"kind", "ReplicaSet"},
           {"name", app + "-" + hash},
           {"uid", fmt::format("00000000-0000-4000-9000-{:012x}", set)},
           {"controller", true}}}}}},
      {"spec",
       {{"schedulerName", "default-scheduler"},
        {"nodeName", fmt::format("node-{:04}", index % nodes)},
        {"priority", 0},
        {"preemptionPolicy", "PreemptLowerPriority"},
        {"containers", {container(app)}},
        {"tolerations",
         {toleration("node.kubernetes.io/not-ready"), toleration("node.kubernetes.io/unreachable")}},
        {"volumes", {{{"name", "config"}, {"configMap", {{"name", app + "-config"}}}}}},
        {"affinity", {{"podAntiAffinity", {{"preferredDuringSchedulingIgnoredDuringExecution", {apart}}}}}}}},
      {"status",
       {{"phase", "Running"},
        {"qosClass", "Burstable"},
        {"startTime", "2026-01-31T12:00:00Z"},
        {"conditions", conditions},
        {"containerStatuses",
         {{{"name", "server"},
           {"containerID", fmt::format("containerd://{:064x}", index)},
           {"state", {{"running", {{"startedAt", "2026-01-31T12:00:00Z"}}}}},
           {"allocatedResources", {{"cpu", "100m"}, {"memory", "64Mi"}}},
           {"resources",
            {{"requests", {{"cpu", "100m"}, {"memory", "64Mi"}}}, {"limits", {{"memory", "256Mi"}}}}}}}}}}};
}

json node(int index) {
  const auto name = fmt::format("node-{:04}", index);
  return {{"metadata",
           {{"name", name},
            {"labels",
             {{"kubernetes.io/hostname", name},
              {"kubernetes.io/os", "linux"},
              {"kubernetes.io/arch", "amd64"},
              {"topology.kubernetes.io/zone", fmt::format("zone-{}", index % 3)}}}}},
          {"status", {{"allocatable", {{"cpu", "128"}, {"memory", "512Gi"}, {"pods", "250"}}}}}};
}

std::size_t allocated() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

double resident_mb() {
  std::ifstream file("/proc/self/statm");
  long total = 0, resident = 0;
  file >> total >> resident;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

// As roles::ClusterState and roles::Scheduling hold it.
struct Known {
  scheduler::KeptPods kept;
  kube::Store<api::Node> nodes;
  kube::Store<api::Pod> pods{[this](api::Pod& pod) { kept.reduce(pod); }};
  scheduler::Cache cache;
  scheduler::Snapshot snapshot;

  Known() {
    nodes.on_change([this](const auto&, const auto& after) { cache.upsert(after); });
    pods.on_change([this](const auto&, const auto& after) { cache.upsert(after); });
  }
};

}  // namespace

int main(int argc, char** argv) {
  const int nodes = argc > 1 ? std::atoi(argv[1]) : 5000;
  const int pods = argc > 2 ? std::atoi(argv[2]) : 100'000;
  if (nodes <= 0 || pods < 2) {
    fmt::print(stderr, "usage: memory-bench [nodes] [pods, 2 at least]\n");
    return 2;
  }
  const auto before = allocated();
  fmt::print("before                    {:>7.1f} MB resident\n", resident_mb());
  Known known;
  for (int i = 0; i < nodes; ++i) value_or_throw(known.nodes.put(api::JsonDocument(node(i)).root()));
  known.cache.update(known.snapshot);
  const auto with_nodes = allocated();
  fmt::print("{:>6} nodes              {:>7.1f} MB resident  {:>6} bytes a node\n", nodes, resident_mb(),
             (with_nodes - before) / static_cast<std::size_t>(nodes));
  std::size_t half = 0, wire = 0;
  for (int i = 0; i < pods; ++i) {
    if (i == pods / 2) half = allocated();
    const auto object = pod(i, nodes);
    if (i == 0) wire = object.dump().size();
    value_or_throw(known.pods.put(api::JsonDocument(object).root()));
  }
  known.cache.update(known.snapshot);
  const auto all = allocated();
  fmt::print("{:>6} Pods               {:>7.1f} MB resident  {:>6} bytes a Pod ({} as JSON, compact)\n", pods,
             resident_mb(), (all - with_nodes) / static_cast<std::size_t>(pods), wire);
  fmt::print("each further Pod, of the second half: {} bytes\n",
             (all - half) / static_cast<std::size_t>(pods - pods / 2));
}

// The scheduling engine alone: decisions per second on clusters of several sizes, each node two sockets of 32
// cores with two threads (128 CPUs), 30 % of the CPUs taken. Prints one line per run; asserts nothing.
//
//   scheduler-bench [nodes …]        default: 500 1000 5000 15000
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <random>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <actimanager/api/names.hpp>
#include <actimanager/scheduler/scheduler.hpp>

using namespace actimanager;
using namespace actimanager::scheduler;
using Clock = std::chrono::steady_clock;

namespace {

std::shared_ptr<const topology::Topology> machine() {
  topology::Parts parts;
  for (int s = 0; s < 2; ++s) {
    topology::Socket socket{SocketId{s}, {}};
    for (int c = 0; c < 32; ++c) {
      const int core = s * 32 + c;
      parts.cores.push_back({CoreId{c}, SocketId{s}, {core, core + 64}});
      socket.cpus |= parts.cores.back().cpus;
    }
    parts.numa_nodes.push_back({.id = NumaId{s}, .cpus = socket.cpus});
    parts.caches.push_back({.cpus = socket.cpus});
    parts.sockets.push_back(std::move(socket));
  }
  return std::make_shared<const topology::Topology>(
      value_or_throw(topology::Topology::make(std::move(parts))));
}

api::Pod make_pod(int number, const char* scheduler, const char* workload, int cpus) {
  api::Pod pod;
  pod.meta.namespace_ = "bench";
  pod.meta.name = fmt::format("pod-{}", number);
  pod.meta.uid = fmt::format("uid-{}", number);
  pod.scheduler_name = scheduler;
  if (*workload != '\0') pod.meta.labels.emplace(api::workload_type_label, workload);
  pod.containers.push_back({.name = "main", .image = "app:1"});
  pod.containers[0].requests.emplace("cpu", Quantity::units(cpus));
  pod.containers[0].requests.emplace("memory", Quantity::units(cpus * (std::int64_t{1} << 30)));
  return pod;
}

Config config(const char* policy) {
  const nlohmann::json document = {
      {"apiVersion", "kubescheduler.config.k8s.io/v1"},
      {"kind", "KubeSchedulerConfiguration"},
      {"profiles",
       {{{"schedulerName", "plain"}},
        {{"schedulerName", "maestro"},
         {"plugins",
          {{"multiPoint", {{"enabled", {{{"name", "WorkloadAware"}}, {{"name", "PodIsolation"}}}}}}}},
         {"pluginConfig", {{{"name", "WorkloadAware"}, {"args", {{"policy", policy}}}}}}}}}};
  return value_or_throw(parse_config(document));
}

struct Cluster {
  Cache cache;
  Snapshot snapshot;
  int pods = 0;

  explicit Cluster(int nodes) {
    const auto shared = machine();
    std::mt19937 random(1);
    for (int n = 0; n < nodes; ++n) {
      auto node = std::make_shared<api::Node>();
      node->meta.name = fmt::format("node-{}", n);
      node->meta.labels.emplace("kubernetes.io/hostname", node->meta.name);
      node->allocatable.emplace("cpu", Quantity::units(128));
      node->allocatable.emplace("memory", Quantity::units(std::int64_t{512} << 30));
      node->allocatable.emplace("pods", Quantity::units(250));
      api::NodeCPUTopology topology;
      topology.node_name = node->meta.name;
      topology.topology = shared;
      cache.upsert(topology);
      cache.upsert(node);
      // 30 %: Pods of one to eight CPUs, packed from the bottom.
      for (int next = 0; next < 38;) {
        const int size = std::uniform_int_distribution(1, 8)(random);
        CpuSet cpus;
        for (int i = 0; i < size; ++i)
          cpus.insert(CpuId{(next + i) % 2 == 0 ? (next + i) / 2 : 64 + (next + i) / 2});
        next += size;
        cache.assume(make_pod(++pods, "maestro", "io-bound", size), node->meta.name,
                     allocator::Placement{cpus, api::ExclusivenessLevel::cpu});
      }
    }
    cache.update(snapshot);
  }
};

void run(Cluster& cluster, const char* what, const char* policy, const char* scheduler_name,
         const std::vector<const char*>& workloads, int count) {
  Scheduler scheduler(config(policy));
  std::vector<double> times;
  std::vector<std::string> placed;
  int refused = 0;
  const auto start = Clock::now();
  for (int i = 0; i < count; ++i) {
    const auto* workload = workloads[static_cast<std::size_t>(i) % workloads.size()];
    const auto pod = make_pod(++cluster.pods, scheduler_name, workload, 2 + i % 3);
    const auto begin = Clock::now();
    cluster.cache.update(cluster.snapshot);
    const auto decision = scheduler.schedule_one(pod, cluster.snapshot);
    if (decision.placed()) {
      cluster.cache.assume(pod, decision.node, decision.placement);
      placed.push_back(pod.meta.uid);
    } else {
      ++refused;
    }
    times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
  }
  const double total = std::chrono::duration<double>(Clock::now() - start).count();
  std::ranges::sort(times);
  const auto at = [&](double part) {
    return times[static_cast<std::size_t>(part * static_cast<double>(times.size() - 1))];
  };
  fmt::print(
      "{:>6} nodes  {:<34} {:>8.0f} decisions/s  p50 {:>7.1f} us  p99 {:>7.1f} us  max {:>8.0f} us  refused "
      "{}\n",
      cluster.snapshot.node_count(), what, count / total, at(0.5), at(0.99), times.back(), refused);
  for (const auto& uid : placed) cluster.cache.forget(uid);
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<int> sizes;
  for (int i = 1; i < argc; ++i) sizes.push_back(std::atoi(argv[i]));
  if (sizes.empty()) sizes = {500, 1000, 5000, 15000};
  for (const int nodes : sizes) {
    if (nodes <= 0) {
      fmt::print(stderr, "usage: scheduler-bench [nodes ...]\n");
      return 2;
    }
    Cluster cluster(nodes);
    const int count = 10000;
    run(cluster, "upstream's plugins alone", "Balanced", "plain", {""}, count);
    run(cluster, "cpu-bound, MaximumUtilization", "MaximumUtilization", "maestro", {"cpu-bound"}, count);
    run(cluster, "all classes, Balanced", "Balanced", "maestro",
        {"memory-bound", "cpu-bound", "io-bound", "best-effort"}, count);
  }
}

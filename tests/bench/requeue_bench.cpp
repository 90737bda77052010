// What Pods that fit nowhere cost the others: the engine and its queue, fed with the changes of a cluster in
// which Pods come and go, with and without refused Pods that wait. Time in that cluster is made up: so many
// Pods come in a second of it, and backoffs and flushes go by it. Asserts nothing.
//
//   requeue-bench [parked [nodes [Pods a second]]]        default: 500 1000 400
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <vector>

#include <fmt/format.h>

#include <actimanager/api/names.hpp>
#include <actimanager/scheduler/feed.hpp>
#include <actimanager/scheduler/hints.hpp>

#include "machines.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;

namespace {

constexpr int rounds = 5;
constexpr int pods_a_round = 6000;
constexpr int running = 2000;  // as many stay on the nodes

api::Pod make_pod(int number, int cpus) {
  api::Pod pod;
  pod.meta.namespace_ = "bench";
  pod.meta.name = fmt::format("pod-{}", number);
  pod.meta.uid = fmt::format("uid-{}", number);
  pod.spec->scheduler_name = "maestro";
  pod.meta.labels->emplace(api::workload_type_label, "io-bound");
  pod.spec->containers.push_back({.name = "main", .image = "app:1"});
  pod.spec->containers[0].requests.emplace("cpu", Quantity::units(cpus));
  return pod;
}

using Spoil = void (*)(api::Pod&);
struct Kind {
  const char* name;
  Spoil spoil;  // so that it fits nowhere
};
const Kind kinds[] = {
    {"more memory than any node has",
     [](api::Pod& pod) {
       pod.spec->containers[0].requests.emplace("memory", Quantity::units(std::int64_t{1} << 40));
     }},
    {"a label that no node has", [](api::Pod& pod) { pod.spec->node_selector.emplace("pool", "none"); }},
    {"more sockets than may be had",
     [](api::Pod& pod) {
       pod.meta.annotations->emplace(api::exclusiveness_level_annotation, "Socket");
       pod.spec->containers[0].requests["cpu"] = Quantity::units(100);
     }},
    {"some of each", nullptr},
};

class Cluster {
 public:
  Cluster(int nodes, int a_second) : step_(std::chrono::nanoseconds(1'000'000'000 / a_second)) {
    const auto shared = topology::testing::make_machine({.sockets = 2, .cores_per_numa = 32});
    for (int n = 0; n < nodes; ++n) {
      auto node = std::make_shared<api::Node>();
      node->meta.name = fmt::format("node-{}", n);
      node->meta.labels->emplace("kubernetes.io/hostname", node->meta.name);
      node->allocatable.emplace("cpu", Quantity::units(128));
      node->allocatable.emplace("memory", Quantity::units(std::int64_t{512} << 30));
      node->allocatable.emplace("pods", Quantity::units(250));
      feed_.changed({nullptr, node}, now_);
      auto topology = std::make_shared<api::NodeCPUTopology>();
      topology->node_name = node->meta.name;
      topology->topology = shared;
      feed_.changed({nullptr, topology}, now_);
    }
  }

  void park(const Kind& kind, int count) {
    for (int i = 0; i < count; ++i) {
      auto pod = make_pod(++pods_, 1);
      const auto spoil = kind.spoil != nullptr ? kind.spoil : kinds[i % 3].spoil;
      spoil(pod);
      feed_.changed({nullptr, std::make_shared<api::Pod>(std::move(pod))}, now_);
    }
    while (try_next()) {
    }
    retried_ = 0;
  }

  // A Pod comes, is placed and bound; the oldest goes. What was refused has its turn.
  void run(int pods) {
    for (int i = 0; i < pods; ++i) {
      now_ += step_;
      feed_.changed({nullptr, std::make_shared<api::Pod>(make_pod(++pods_, 1 + i % 4))}, now_);
      while (try_next()) {
      }
      if (bound_.size() > running) leave();
    }
  }
  int retried() const { return retried_; }

 private:
  struct Bound {
    PodPointer pod;
    std::shared_ptr<const api::PodCPUBinding> binding;
  };

  bool try_next() {
    const auto item = queue_.pop(now_);
    if (!item) return false;
    cache_.update(snapshot_);
    auto decision = scheduler_.schedule_one(*item->pod, snapshot_);
    if (!decision.placed()) {
      ++retried_;
      queue_.park(*item, std::move(decision.rejected_by), now_, std::move(decision.kind));
      return true;
    }
    cache_.assume(item->pod, decision.node, decision.placement);
    queue_.done(item->pod->meta.uid);
    const auto binding = std::make_shared<api::PodCPUBinding>(binding_of(*item->pod, decision));
    feed_.changed({nullptr, binding}, now_);
    auto pod = std::make_shared<api::Pod>(*item->pod);
    pod->node_name = decision.node;
    feed_.changed({item->pod, pod}, now_);
    bound_.push_back({pod, binding});
    return true;
  }

  void leave() {
    const auto [pod, binding] = std::move(bound_.front());
    bound_.pop_front();
    feed_.changed({pod, nullptr}, now_);
    feed_.changed({binding, nullptr}, now_);
  }

  static api::PodCPUBinding binding_of(const api::Pod& pod, const Decision& decision) {
    api::PodCPUBinding binding;
    binding.meta.namespace_ = pod.meta.namespace_;
    binding.meta.name = api::PodCPUBinding::name_for_pod(pod.meta.name);
    binding.meta.labels->emplace(api::node_name_label, decision.node);
    binding.meta.owner_references->push_back({"v1", "Pod", pod.meta.name, pod.meta.uid, true});
    binding.spec.pod_name = pod.meta.name;
    binding.spec.cpu_set = decision.placement->cpus;
    binding.spec.exclusiveness_level = decision.placement->level;
    return binding;
  }

  Scheduler scheduler_{default_config()};
  Cache cache_;
  Snapshot snapshot_;
  Hints hints_{scheduler_, cache_};
  SchedulingQueue queue_{{},
                         [this](const api::Pod& pod) { return scheduler_.pre_enqueue(pod); },
                         [this](const ClusterEvent& event) { return hints_.about(event); }};
  Feed feed_{scheduler_, cache_, snapshot_, queue_};
  std::deque<Bound> bound_;
  std::chrono::nanoseconds step_;
  TimePoint now_{std::chrono::hours(1)};
  int pods_ = 0;
  int retried_ = 0;
};

// Of CPU time.
double microseconds_a_pod(Cluster& cluster) {
  const auto start = std::clock();
  cluster.run(pods_a_round);
  return static_cast<double>(std::clock() - start) * 1e6 / CLOCKS_PER_SEC / pods_a_round;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

int argument(int argc, char** argv, int index, int otherwise) {
  return argc > index ? std::atoi(argv[index]) : otherwise;
}

}  // namespace

int main(int argc, char** argv) {
  const int parked = argument(argc, argv, 1, 500);
  const int nodes = argument(argc, argv, 2, 1000);
  const int a_second = argument(argc, argv, 3, 400);
  if (parked <= 0 || nodes <= 0 || a_second <= 0) {
    fmt::print(stderr, "usage: requeue-bench [parked [nodes [Pods a second]]]\n");
    return 2;
  }
  fmt::print("{} nodes, {} Pods a second, {} parked Pods; medians of {} rounds, one after the other\n", nodes,
             a_second, parked, rounds);
  for (const auto& kind : kinds) {
    Cluster alone(nodes, a_second);
    Cluster crowded(nodes, a_second);
    crowded.park(kind, parked);
    alone.run(running);
    crowded.run(running);
    std::vector<double> without, with;
    for (int i = 0; i < rounds; ++i) {
      without.push_back(microseconds_a_pod(alone));
      with.push_back(microseconds_a_pod(crowded));
    }
    fmt::print(
        "{:<32} {:>6.1f} us of CPU a placed Pod, {:>6.1f} without them: {:.2f}; tried again {:.2f} times a "
        "placed "
        "Pod\n",
        kind.name, median(with), median(without), median(with) / median(without),
        static_cast<double>(crowded.retried()) / (rounds * pods_a_round + running));
  }
}

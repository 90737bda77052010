// The scheduling engine alone: decisions per second on clusters of several sizes, each node two sockets of 32
// cores with two threads (128 CPUs), 30 % of the CPUs taken. Prints one line per run; asserts nothing.
//
//   scheduler-bench [nodes …]        default: 500 1000 5000 15000
//
// The nodes of a cluster are in three zones. In the second cluster of each size Pods have labels and, three
// of four of them, wishes about each other, so that whatever is placed there has to be weighed against these.
// New Pods come in batches of 200 from one template, as controllers make them; a template's first decision
// looks at every node and is the slowest: see "max". A leader makes several turns of its event loop of that,
// of which "turn" is the longest. A run ends after 10,000 decisions or 4 seconds of them.
// Times are the thread's own CPU time, so that a busy machine does not count.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <actimanager/api/names.hpp>
#include <actimanager/scheduler/scheduler.hpp>

#include "machines.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;

namespace {

// Microseconds this thread has computed: what else the machine does meanwhile is not the engine's.
double own_time() {
  std::timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

api::Pod make_pod(int number, const char* scheduler, const char* workload, int cpus) {
  api::Pod pod;
  pod.meta.namespace_ = "bench";
  pod.meta.name = fmt::format("pod-{}", number);
  pod.meta.uid = fmt::format("uid-{}", number);
  pod.spec->scheduler_name = scheduler;
  if (*workload != '\0') pod.meta.labels->emplace(api::workload_type_label, workload);
  pod.spec->containers.push_back({.name = "main", .image = "app:1"});
  pod.spec->containers[0].requests.emplace("cpu", Quantity::units(cpus));
  pod.spec->containers[0].requests.emplace("memory", Quantity::units(cpus * (std::int64_t{1} << 30)));
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

constexpr const char* hostname = "kubernetes.io/hostname";
constexpr const char* zone = "topology.kubernetes.io/zone";
constexpr const char* driver = "csi.example.com";

api::PodAffinityTerm term(const api::Pod& pod, const char* key) {
  return {.label_selector = api::LabelSelector::of({{"app", *pod.meta.label("app")}}),
          .namespaces = {pod.meta.namespace_},
          .namespace_selector = {},
          .topology_key = key};
}

api::TopologySpreadConstraint spread(const api::Pod& pod, const char* key, const char* when, int max_skew) {
  api::TopologySpreadConstraint constraint;
  constraint.topology_key = key;
  constraint.when_unsatisfiable = when;
  constraint.max_skew = max_skew;
  constraint.label_selector = api::LabelSelector::of({{"app", *pod.meta.label("app")}});
  return constraint;
}

// What a template wishes about where its Pods lie.
using Wish = void (*)(api::Pod&);
const Wish none = [](api::Pod&) {};
const Wish hard_spread = [](api::Pod& pod) {
  pod.spec->topology_spread_constraints = {spread(pod, zone, "DoNotSchedule", 1),
                                           spread(pod, hostname, "DoNotSchedule", 2)};
};
const Wish soft_spread = [](api::Pod& pod) {
  pod.spec->topology_spread_constraints = {spread(pod, zone, "ScheduleAnyway", 1),
                                           spread(pod, hostname, "ScheduleAnyway", 1)};
};
const Wish owned = [](api::Pod& pod) {  // by a ReplicaSet: the system's default constraints
  *pod.meta.owner_references = {{"apps/v1", "ReplicaSet", *pod.meta.label("app"), "uid", true}};
};
const Wish apart = [](api::Pod& pod) { pod.spec->pod_anti_affinity.required = {term(pod, hostname)}; };
const Wish together = [](api::Pod& pod) { pod.spec->pod_affinity.required = {term(pod, zone)}; };
const Wish rather_apart = [](api::Pod& pod) {
  pod.spec->pod_anti_affinity.preferred = {{50, term(pod, hostname)}};
  pod.spec->pod_affinity.preferred = {{10, term(pod, zone)}};
};
const Wish spread_and_apart = [](api::Pod& pod) {
  hard_spread(pod);
  rather_apart(pod);
};

void name_app(api::Pod& pod, std::string app) {
  pod.meta.labels->emplace("pod-template-hash", app);
  pod.meta.labels["app"] = std::move(app);
}

// Two classes: volumes that a CSI driver makes, each node having three of it attached; and local disks, one
// on each node, which are free.
void add_storage(Storage& storage, const std::string& node) {
  const auto volume = [&](std::string name, const char* storage_class, const char* phase) {
    api::PersistentVolume volume;
    volume.meta.name = std::move(name);
    volume.storage_class = storage_class;
    volume.access_modes = {"ReadWriteOnce"};
    volume.capacity = Quantity::units(std::int64_t{10} << 30);
    volume.volume_mode = "Filesystem";
    volume.phase = phase;
    volume.disk = {.kind = "csi", .id = volume.meta.name, .driver = driver};
    volume.node_affinity = {
        {{.match_expressions = {{.key = hostname, .op = "In", .values = {node}}}, .match_fields = {}}}};
    storage.volumes.set(std::make_shared<const api::PersistentVolume>(std::move(volume)));
  };
  for (int i = 0; i < 3; ++i) {
    auto name = fmt::format("made-{}-{}", node, i);
    api::VolumeAttachment attachment;
    attachment.meta.name = "attached-" + name;
    attachment.attacher = driver;
    attachment.node_name = node;
    attachment.volume_name = name;
    storage.attachments.set(std::make_shared<const api::VolumeAttachment>(std::move(attachment)));
    volume(std::move(name), "made", "Bound");
  }
  volume("disk-" + node, "local", "Available");
  api::CSINode csi_node;
  csi_node.meta.name = node;
  csi_node.drivers = {{.name = driver, .limit = 25}};
  storage.nodes.set(std::make_shared<const api::CSINode>(std::move(csi_node)));
}

void add_classes(Storage& storage) {
  for (const auto& [name, provisioner] :
       {std::pair("made", driver), std::pair("local", "kubernetes.io/no-provisioner")}) {
    api::StorageClass storage_class;
    storage_class.meta.name = name;
    storage_class.provisioner = provisioner;
    storage_class.waits_for_consumer = true;
    storage.classes.set(std::make_shared<const api::StorageClass>(std::move(storage_class)));
  }
}

void add_claim(Storage& storage, api::Pod& pod, const char* storage_class) {
  api::PersistentVolumeClaim claim;
  claim.meta.namespace_ = pod.meta.namespace_;
  claim.meta.name = claim.meta.uid = pod.meta.name;
  claim.storage_class = storage_class;
  claim.access_modes = {"ReadWriteOnce"};
  claim.requested = Quantity::units(std::int64_t{10} << 30);
  claim.volume_mode = "Filesystem";
  pod.volumes->push_back({.name = "data", .claim_name = claim.meta.name});
  storage.claims.set(std::make_shared<const api::PersistentVolumeClaim>(std::move(claim)));
}

struct Cluster {
  Cache cache;
  Snapshot snapshot;
  int pods = 0;
  int apps = 0;

  // `sociable`: its Pods have wishes about each other.
  explicit Cluster(int nodes, bool sociable) {
    const std::array wishes = {apart, together, rather_apart, none};
    const auto shared = topology::testing::make_machine({.sockets = 2, .cores_per_numa = 32});
    std::mt19937 random(1);
    for (int n = 0; n < nodes; ++n) {
      auto node = std::make_shared<api::Node>();
      node->meta.name = fmt::format("node-{}", n);
      node->meta.labels->emplace(hostname, node->meta.name);
      node->meta.labels->emplace(zone, fmt::format("zone-{}", n % 3));
      node->allocatable.emplace("cpu", Quantity::units(128));
      node->allocatable.emplace("memory", Quantity::units(std::int64_t{512} << 30));
      node->allocatable.emplace("pods", Quantity::units(250));
      api::NodeCPUTopology topology;
      topology.node_name = node->meta.name;
      topology.topology = shared;
      cache.upsert(topology);
      cache.upsert(node);
      add_storage(cache.objects().storage(), node->meta.name);
      // 30 %: Pods of one to eight CPUs, packed from the bottom.
      for (int next = 0; next < 38;) {
        const int size = std::uniform_int_distribution(1, 8)(random);
        CpuSet cpus;
        for (int i = 0; i < size; ++i)
          cpus.insert(CpuId{(next + i) % 2 == 0 ? (next + i) / 2 : 64 + (next + i) / 2});
        next += size;
        auto pod = make_pod(++pods, "maestro", "io-bound", size);
        if (sociable) {
          const auto app = std::uniform_int_distribution<std::size_t>(0, nodes / 10)(random);
          name_app(pod, fmt::format("old-{}", app));
          wishes[app % wishes.size()](pod);
        }
        cache.assume(pod, node->meta.name, allocator::Placement{cpus, api::ExclusivenessLevel::cpu});
      }
    }
    add_classes(cache.objects().storage());
    cache.update(snapshot);
  }
};

struct Run {
  const char* what;
  const char* policy;
  const char* scheduler_name;
  std::vector<const char*> workloads;  // of one Pod after the other
  std::vector<Wish> wishes;            // of one batch after the other; none: Pods without labels
  int cpus = 0;                        // more than are free anywhere: less important Pods have to go; 0: few
  const char* storage_class = "";      // each Pod has a claim of it
};

void run(Cluster& cluster, const Run& how) {
  constexpr int batch = 200;
  // There are only so many local volumes.
  const int most = std::string_view(how.storage_class) == "local" ? cluster.snapshot.node_count() : 10'000;
  constexpr double longest = 4e6;
  Scheduler scheduler(config(how.policy));
  std::vector<double> times;
  std::vector<std::string> placed;
  int refused = 0;
  double total = 0, longest_turn = 0;  // microseconds; of an event loop, if it had one
  for (int i = 0; i < most && total < longest; ++i) {
    const auto* workload = how.workloads[static_cast<std::size_t>(i) % how.workloads.size()];
    if (i % batch == 0) ++cluster.apps;
    const int few = 2 + (how.wishes.empty() ? i : cluster.apps) % 3;
    auto pod = make_pod(++cluster.pods, how.scheduler_name, workload, how.cpus > 0 ? how.cpus : few);
    if (how.cpus > 0) pod.priority = 1000;
    auto& storage = cluster.cache.objects().storage();
    if (*how.storage_class != '\0') add_claim(storage, pod, how.storage_class);
    if (!how.wishes.empty()) {
      name_app(pod, fmt::format("new-{}", cluster.apps));
      how.wishes[static_cast<std::size_t>(i / batch) % how.wishes.size()](pod);
    }
    if (i % batch == 0 && !pod.meta.owner_references->empty()) {
      api::ReplicaSet owner{.meta = {.name = *pod.meta.label("app"), .namespace_ = pod.meta.namespace_},
                            .selector = api::LabelSelector::of(pod.meta.labels)};
      cluster.cache.objects().set_owner(owner);
    }
    const auto start = own_time();
    auto begin = start;
    const auto end_turn = [&] {
      const auto now = own_time();
      longest_turn = std::max(longest_turn, now - begin);
      begin = now;
    };
    cluster.cache.update(cluster.snapshot);
    std::optional<Decision> decision;
    while (!(decision = scheduler.schedule_one(pod, cluster.snapshot, Scheduler::nodes_a_turn))) end_turn();
    if (decision->placed()) {
      cluster.cache.assume(pod, decision->node, decision->placement);
      assume(storage, decision->volumes, decision->node);
      placed.push_back(pod.meta.uid);
    } else {
      ++refused;
    }
    end_turn();
    times.push_back(begin - start);
    total += times.back();
  }
  const auto count = static_cast<double>(times.size());
  std::ranges::sort(times);
  const auto at = [&](double part) { return times[static_cast<std::size_t>(part * (count - 1))]; };
  fmt::print(
      "{:>6} nodes  {:<34} {:>8.0f} decisions/s  p50 {:>7.1f} us  p99 {:>7.1f} us  max {:>8.0f} us  "
      "turn {:>8.0f} us  refused {}\n",
      cluster.snapshot.node_count(), how.what, count / total * 1e6, at(0.5), at(0.99), times.back(),
      longest_turn, refused);
  std::fflush(stdout);
  for (const auto& uid : placed) cluster.cache.forget(uid);
  cluster.cache.update(cluster.snapshot);  // so that it is not the next run's first decision that does
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<int> sizes;
  for (int i = 1; i < argc; ++i) sizes.push_back(std::atoi(argv[i]));
  if (sizes.empty()) sizes = {500, 1000, 5000, 15000};
  const Run alone[] = {
      {"upstream's plugins alone", "Balanced", "plain", {""}, {}},
      {"cpu-bound, MaximumUtilization", "MaximumUtilization", "maestro", {"cpu-bound"}, {}},
      {"all classes, Balanced",
       "Balanced",
       "maestro",
       {"memory-bound", "cpu-bound", "io-bound", "best-effort"},
       {}},
      {"upstream's plugins, preempting", "Balanced", "plain", {""}, {}, 100},
      {"cpu-bound, preempting", "Balanced", "maestro", {"cpu-bound"}, {}, 60},
      {"a volume to be made", "Balanced", "plain", {""}, {}, 0, "made"},
      {"a local volume", "Balanced", "plain", {""}, {}, 0, "local"},
  };
  const Run among_others[] = {
      {"no wishes", "Balanced", "plain", {""}, {none}},
      {"hard spread, zone and host", "Balanced", "plain", {""}, {hard_spread}},
      {"soft spread, zone and host", "Balanced", "plain", {""}, {soft_spread}},
      {"default spread of a ReplicaSet", "Balanced", "plain", {""}, {owned}},
      {"required anti-affinity, host", "Balanced", "plain", {""}, {apart}},
      {"required affinity, zone", "Balanced", "plain", {""}, {together}},
      {"preferred (anti-)affinity", "Balanced", "plain", {""}, {rather_apart}},
      {"hard spread, preferred affinity", "Balanced", "plain", {""}, {spread_and_apart}},
      {"all of these, with CPUs",
       "Balanced",
       "maestro",
       {"cpu-bound"},
       {none, hard_spread, soft_spread, owned, apart, together, rather_apart, spread_and_apart}},
      {"hard spread, preempting", "Balanced", "plain", {""}, {hard_spread}, 100},
      {"required anti-affinity, preempting", "Balanced", "plain", {""}, {apart}, 100},
  };
  for (const int nodes : sizes) {
    if (nodes <= 0) {
      fmt::print(stderr, "usage: scheduler-bench [nodes ...]\n");
      return 2;
    }
    {
      Cluster cluster(nodes, false);
      for (const auto& how : alone) run(cluster, how);
    }
    Cluster cluster(nodes, true);
    for (const auto& how : among_others) run(cluster, how);
  }
}

#include "scheduling.hpp"

#include <algorithm>

#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <actimanager/scheduler/kept_cpus.hpp>

#include "clock.hpp"

namespace actimanager::roles {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

}  // namespace

Scheduling::Scheduling(asio::any_io_executor executor, kube::Client& client, ClusterState& cluster,
                       kube::EventRecorder& events, scheduler::Config config, std::size_t binding_cycles,
                       LeaderMetrics& metrics, spdlog::logger& log)
    : client_(client),
      cluster_(cluster),
      events_(events),
      max_cycles_(binding_cycles),
      metrics_(metrics),
      log_(log),
      scheduler_(std::move(config)),
      hints_(scheduler_, cache_),
      queue_(
          scheduler_.config().queue, [this](const api::Pod& pod) { return scheduler_.pre_enqueue(pod); },
          [this](const scheduler::ClusterEvent& event) { return hints_.about(event); },
          [this](const auto& pod, const auto& event, std::string_view plugin) {
            requeued(pod, event, plugin);
          }),
      feed_(scheduler_, cache_, snapshot_, queue_),
      binder_(client, [this](const std::string& node) { return cluster_.nodes.get(node) != nullptr; }),
      volume_binder_(client, cluster),
      preemptor_(client, events, log),
      work_(executor),
      cycles_(executor),
      waiting_cycles_(executor) {
  follow_changes();
}

Scheduling::~Scheduling() {
  metrics_.queue = {};
}

void Scheduling::follow_changes() {
  follow(cluster_.nodes);
  follow(cluster_.topologies);
  follow(cluster_.bindings);
  cluster_.bindings.on_change([this](const auto& before, const auto& after) {
    if (before && (!after || after->meta.uid != before->meta.uid)) taken_back_.erase(before->meta.uid);
  });
  follow(cluster_.pods);
  cluster_.pods.on_change([this](const auto& before, const auto& after) {
    const bool still = before && after && before->meta.uid == after->meta.uid && feed_.waits(*after);
    if (before && !still) unsettled_.erase(before->meta.uid);
  });
  follow(cluster_.namespaces);
  cluster_.services.on_change([this](const auto& before, const auto& after) {
    if (after) {
      cache_.objects().set(*after);
    } else {
      cache_.objects().remove_service(before->meta);
    }
  });
  follow_owners(cluster_.replication_controllers);
  follow_owners(cluster_.replica_sets);
  follow_owners(cluster_.stateful_sets);
  cluster_.budgets.on_change([this](const auto& before, const auto& after) {
    if (after) {
      cache_.objects().budgets().set(after);
    } else {
      cache_.objects().budgets().remove(before->meta.key());
    }
  });
  follow(cluster_.claims);
  follow(cluster_.volumes);
  follow(cluster_.storage_classes);
  follow(cluster_.csi_nodes);
  follow(cluster_.csi_drivers);
  follow(cluster_.storage_capacities);
  follow(cluster_.volume_attachments);
  cluster_.on_synced([this] { work_.set(); });
}

template <class T>
void Scheduling::follow_owners(kube::Store<T>& store) {
  store.on_change([this](const auto& before, const auto& after) {
    if (after) {
      cache_.objects().set_owner(*after);
    } else {
      cache_.objects().template remove_owner<T>(before->meta);
    }
  });
}

template <class T>
void Scheduling::follow(kube::Store<T>& store) {
  store.on_change([this](const auto& before, const auto& after) {
    feed_.changed(scheduler::Change<T>{before, after}, Clock::now());
    work_.set();
  });
}

void Scheduling::requeued(const api::Pod& pod, const scheduler::ClusterEvent& event,
                          std::string_view plugin) {
  const auto name = to_string(event);
  log_.debug("pod {}: {} hopes again after {}", pod.meta.key(), plugin, name);
  ++metrics_.requeues[{name, std::string(plugin)}];
}

std::optional<allocator::Placement> Scheduling::place_again(const api::Pod& pod,
                                                            const api::PodCPUBinding& refused) {
  if (!scheduler_.handles(pod.spec->scheduler_name)) return std::nullopt;
  auto node = cache_.node_without(refused.meta.key());
  if (!node || !node->cpus.has_topology()) return std::nullopt;
  // Now it runs in the shared pool.
  if (cache_.cpus_of(pod.meta.uid).in_pool)
    node->pool_milli_cpu -= scheduler::pod_load(pod).requests.milli_cpu;
  scheduler::count_kept_cpus(*node, pod);
  return scheduler_.place_on(pod, *node);
}

std::optional<Scheduling::Resize> Scheduling::resize(const api::Pod& pod, const std::string& binding,
                                                     const allocator::Placement& has) {
  if (!scheduler_.handles(pod.spec->scheduler_name)) return std::nullopt;
  auto node = cache_.node_without(binding);
  if (!node || !node->cpus.has_topology()) return std::nullopt;
  const auto request = scheduler_.request_on(pod, *node, has.level);
  if (!request) return std::nullopt;
  // As many as it asks for: it stays as it is, even where it would not be placed like this today.
  if (has.cpus.size() == request->cpus) return Resize{request->cpus, {.cpus = has.cpus, .missing = {}}};
  scheduler::count_kept_cpus(*node, pod);
  return Resize{request->cpus, allocator::resize(node->cpus, has.cpus, *request)};
}

void Scheduling::assume_edit(const std::string& binding, const allocator::Placement& placement) {
  cache_.assume_edit(binding, placement);
}

void Scheduling::forget_edit(const std::string& binding) {
  if (const auto known = cluster_.bindings.get(binding)) feed_.forget_edit(known, Clock::now());
  work_.set();
}

asio::awaitable<void> Scheduling::run() {
  std::vector<asio::awaitable<void>> parts;
  parts.push_back(loop());
  parts.push_back(cycles_.serve());
  parts.push_back(waiting_cycles_.serve());
  co_await async::first_to_finish(std::move(parts));
}

asio::awaitable<void> Scheduling::loop() {
  while (!cluster_.synced()) co_await work_.wait();
  log_.info("scheduling: {} nodes, {} topologies, {} bindings, {} Pods", cluster_.nodes.items().size(),
            cluster_.topologies.items().size(), cluster_.bindings.items().size(),
            cluster_.pods.items().size());
  for (const auto& pod : cluster_.pods.items()) feed_.renew_nomination(pod);
  while (true) {
    co_await cycles_.below(max_cycles_);
    auto item = queue_.pop(Clock::now());
    metrics_.queue = queue_.lengths();
    if (item) {
      co_await decide(std::move(*item));
      co_await async::give_way();
    } else {
      co_await work_.wait_until(queue_.next_wakeup().value_or(Clock::time_point::max()));
    }
  }
}

Scheduling::BindingPointer Scheduling::own_binding(const api::Pod& pod) const {
  auto binding =
      cluster_.bindings.get(pod.meta.namespace_ + "/" + api::PodCPUBinding::name_for_pod(pod.meta.name));
  const bool counts = binding && is_of(*binding, pod) && !binding->meta.deletion_timestamp &&
                      !taken_back_.contains(binding->meta.uid);
  return counts ? binding : nullptr;
}

std::optional<Target> Scheduling::begun(const api::Pod& pod) const {
  std::optional<Target> target;
  if (const auto left = own_binding(pod)) {
    target = target_of(*left);
  } else if (const auto it = unsettled_.find(pod.meta.uid); it != unsettled_.end()) {
    target = it->second;
  }
  if (target && !cluster_.nodes.get(target->node)) target.reset();
  return target;
}

bool Scheduling::admits(const api::Pod& pod, const std::string& node) {
  const auto own = own_binding(pod);
  // One of our own cycles has kept its place there.
  if (!own || unsettled_.contains(pod.meta.uid)) return true;
  const auto without_it = cache_.node_without(own->meta.key());
  if (!without_it) return true;
  cache_.update(snapshot_);
  const auto status = scheduler_.filter(pod, snapshot_, *without_it);
  if (!status.rejected()) return true;
  log_.info("pod {}: what was begun on node {} is taken back: {}", pod.meta.key(), node,
            fmt::join(status.reasons, ", "));
  return false;
}

// Others get their turn while it takes long.
asio::awaitable<std::optional<scheduler::Decision>> Scheduling::decision_for(const api::Pod& pod) {
  double seconds = 0;
  bool looks_for_victims = false;
  while (true) {
    const auto start = Clock::now();
    if (!looks_for_victims) cache_.update(snapshot_);
    auto decision = scheduler_.schedule_one(pod, snapshot_, scheduler::Scheduler::nodes_a_turn);
    seconds += seconds_since(start);
    if (decision) {
      metrics_.decision_seconds.observe(seconds);
      co_return decision;
    }
    looks_for_victims = scheduler_.looks_for_victims();
    co_await async::give_way();
    if (queue_.find(pod.meta.uid) == nullptr) co_return std::nullopt;
  }
}

asio::awaitable<void> Scheduling::decide(scheduler::QueuedPod item) {
  const auto& pod = *item.pod;
  if (pod.meta.deletion_timestamp) {  // nothing will run of it
    queue_.done(pod.meta.uid);
    co_return;
  }
  if (auto target = begun(pod)) {
    if (!admits(pod, target->node)) {
      cycles_.spawn(start_over(std::move(item)));
      co_return;
    }
    cache_.assume(item.pod, target->node, target->placement);
    cycles_.spawn(bind(std::move(item), std::move(*target)));
    co_return;
  }
  unsettled_.erase(pod.meta.uid);
  feed_.forget(pod.meta.uid, Clock::now());
  auto decided = co_await decision_for(pod);
  if (!decided) co_return;
  auto& decision = *decided;
  if (decision.placed()) {
    Target target{std::move(decision.node), std::move(decision.placement)};
    cache_.assume(item.pod, target.node, target.placement);
    if (decision.volumes.empty()) {
      cycles_.spawn(bind(std::move(item), std::move(target)));
    } else {
      scheduler::assume(cache_.objects().storage(), decision.volumes, target.node);
      waiting_cycles_.spawn(
          bind_with_volumes(std::move(item), std::move(target), std::move(decision.volumes)));
    }
    co_return;
  }
  if (const auto* nomination = decision.nomination()) {
    ++metrics_.unschedulable;
    cache_.nominate(item.pod, nomination->node, nomination->placement);
    cycles_.spawn(preempt(std::move(item), std::move(decision)));
    co_return;
  }
  auto nominated = cache_.nominated_node(pod.meta.uid);
  if (!decision.keeps_nominated_node()) {
    cache_.withdraw_nomination(pod.meta.uid);
    nominated.clear();
  }
  if (decision.error) {
    ++metrics_.errors;
    queue_.retry(item, Clock::now());
  } else {
    ++metrics_.unschedulable;
    queue_.park(item, std::move(decision.rejected_by), Clock::now(), std::move(decision.kind));
  }
  cycles_.spawn(refuse(item.pod, std::move(decision.message),
                       decision.error ? "SchedulerError" : "Unschedulable", std::move(nominated)));
}

}  // namespace actimanager::roles

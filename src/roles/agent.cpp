#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include <spdlog/spdlog.h>

#include <actimanager/async/event.hpp>
#include <actimanager/async/task_group.hpp>
#include <actimanager/binding/status.hpp>
#include <actimanager/host/discovery.hpp>
#include <actimanager/host/other_owners.hpp>
#include <actimanager/roles/agent.hpp>

#include "binding_writer.hpp"
#include "clock.hpp"
#include "grants.hpp"
#include "node_state.hpp"
#include "observation.hpp"
#include "pin_view.hpp"
#include "pinner.hpp"
#include "rediscovery.hpp"
#include "topology_publisher.hpp"

namespace actimanager::roles {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

// A binding that will be Applied within this is not reported as Validated before: one write instead of two.
constexpr auto applied_soon = 3s;
// What the kernel refused is tried again soon, and then ever later.
constexpr auto first_retry = 250ms;
constexpr auto last_retry = 15s;
constexpr auto hotplug_period = 1s;
constexpr auto owners_period = 1s;

}  // namespace

struct Agent::Impl {
  Impl(asio::any_io_executor executor, kube::Client& client, kube::EventRecorder& events, AgentOptions given,
       std::shared_ptr<const topology::Topology> topology, std::unique_ptr<Pinner> opened,
       AgentMetrics& metrics, spdlog::logger& log);

  asio::awaitable<void> run();
  asio::awaitable<void> reconcile_loop();
  asio::awaitable<void> follow_hotplug();
  asio::awaitable<void> follow_owners();
  void look_at_owners();
  void tell_node();
  void publish();
  void reconcile(bool everything);
  void report(const binding::Verdict& verdict);
  void tell_pod(const std::string& uid, const char* reason, const std::string& message);
  binding::PodPointer pod_of_cgroup(const std::string& uid) const;
  PublishedState published() const;
  AgentView view() const;
  std::vector<PinView> pins() const;
  PinView view_of(const api::Pod& pod) const;

  kube::EventRecorder& events;
  AgentOptions options;
  binding::NodeFacts facts;
  host::OtherOwners owners;
  std::optional<host::Objection> objection;  // why nothing is pinned
  std::string told_node;                     // the reason of the objection it was last told of; "": of none
  std::string topology_failure;              // why facts.topology may be out of date; "": it is not
  AgentMetrics& metrics;
  spdlog::logger& log;

  NodeState state;
  Grants grants;
  std::unique_ptr<Pinner> pinner;
  BindingWriter writer;
  TopologyPublisher publisher;
  async::Event work;
  std::vector<binding::Verdict> verdicts;
  binding::Desired desired;
  std::unordered_map<std::string, Clock::time_point> validated_at;  // by binding UID: reported if it lasts
  Clock::time_point next_report = Clock::time_point::max();
  Clock::time_point next_full = Clock::time_point::min();
  bool reconciled = false;
};

Agent::Impl::Impl(asio::any_io_executor executor, kube::Client& client, kube::EventRecorder& recorder,
                  AgentOptions given, std::shared_ptr<const topology::Topology> topology,
                  std::unique_ptr<Pinner> opened, AgentMetrics& counted, spdlog::logger& logger)
    : events(recorder),
      options(std::move(given)),
      facts{std::move(topology), options.reserved},
      metrics(counted),
      log(logger),
      state(executor, client, options.node_name, logger),
      pinner(std::move(opened)),
      writer(
          executor, client, options.node_name,
          [this](api::PodCPUBinding binding) { grants.claimed(std::move(binding), Clock::now()); }, metrics,
          logger),
      publisher(executor, client, state, options.node_name, logger),
      work(executor) {
  const auto changed = [this](const auto&, const auto&) { work.set(); };
  const auto synced = [this] { work.set(); };
  state.pods.on_change(changed);
  state.bound.on_change([this](const auto& before, const auto& after) {
    if (!after) grants.ended(before, Clock::now());
    work.set();
  });
  state.unclaimed.on_change([this](const auto& before, const auto& after) {
    if (!after) grants.left(before, Clock::now());
    work.set();
  });
  state.pods.on_synced(synced);
  state.bound.on_synced(synced);
  state.unclaimed.on_synced(synced);
  pinner->set_handlers(
      {.seen = [this](const std::string&) { work.set(); },
       .drift = [this](const std::string& uid,
                       const std::string& message) { tell_pod(uid, "CPUSetDrift", message); },
       .quarrel =
           [this](const std::string& uid, const std::string& message) {
             tell_pod(uid, "FightingWriter", message);
             work.set();
           }});
}

asio::awaitable<void> Agent::Impl::run() {
  look_at_owners();
  publish();
  std::vector<asio::awaitable<void>> parts;
  parts.push_back(state.run());
  parts.push_back(pinner->watch());
  parts.push_back(pinner->await_controllers());
  parts.push_back(pinner->tell_systemd());
  parts.push_back(reconcile_loop());
  parts.push_back(follow_hotplug());
  parts.push_back(follow_owners());
  parts.push_back(writer.run());
  parts.push_back(publisher.run());
  co_await async::first_to_finish(std::move(parts));
}

asio::awaitable<void> Agent::Impl::reconcile_loop() {
  // Before all is known nothing is touched: what an earlier agent has pinned stays pinned.
  while (!state.synced()) co_await work.wait();
  log.info("agent: {} Pods, {} bindings on this node", state.pods.items().size(), state.bound.items().size());
  Clock::duration retry = first_retry;
  while (true) {
    const auto now = Clock::now();
    const bool everything = now >= next_full;
    if (everything) next_full = now + options.reconcile_period;
    next_report = Clock::time_point::max();
    reconcile(everything);
    metrics.reconcile_seconds.observe(seconds_since(now));
    ++metrics.reconciles;
    if (!pinner->refused()) {
      retry = first_retry;
    } else {
      next_full = std::min(next_full, now + retry);
      if (everything) retry = std::min<Clock::duration>(2 * retry, last_retry);
    }
    if (const auto over = pinner->next_quarrel_over()) next_full = std::min(next_full, *over);
    co_await work.wait_until(std::min({next_full, next_report, grants.next_over()}));
  }
}

void Agent::Impl::reconcile(bool everything) {
  std::unordered_set<std::string_view> uids;
  for (const auto& pod : state.pods.items()) uids.insert(pod->meta.uid);
  const binding::PodLookup pods{.by_key = [this](const std::string& key) { return state.pods.get(key); },
                                .has_uid = [&](const std::string& uid) { return uids.contains(uid); }};
  verdicts = binding::admit(facts, grants.current(state.bound, state.unclaimed, Clock::now()), pods);
  // What another agent grants is not ours to keep.
  grants.remember(objection && objection->silent ? std::vector<binding::Verdict>() : verdicts);
  desired = binding::desired_cpusets(facts, verdicts, owners.isolated);
  auto targets = targets_of(desired, verdicts);
  if (objection) {
    pinner->let_be();
  } else if (everything) {
    pinner->apply(std::move(targets));
  } else if (pinner->targets() != targets) {
    pinner->retarget(std::move(targets));
  } else {
    pinner->look_at_quotas();
  }
  reconciled = true;
  tell_node();
  if (objection && objection->silent) return;
  for (const auto& verdict : verdicts)
    if (verdict.kind != binding::Verdict::Kind::not_ours) report(verdict);
  std::erase_if(validated_at, [&](const auto& entry) {
    return std::ranges::none_of(verdicts, [&](const auto& v) { return v.binding->meta.uid == entry.first; });
  });
  publish();
}

void Agent::Impl::report(const binding::Verdict& verdict) {
  if (!verdict.pod) return;  // the Pod itself has not arrived yet
  // What the API has, without what we have granted on top of it.
  const auto& key = verdict.binding->meta.key();
  auto known = state.bound.get(key);
  if (!known) known = state.unclaimed.get(key);
  if (!known || known->meta.uid != verdict.binding->meta.uid) return;

  binding::Observed observed;
  if (objection) {
    // What is no cpuset file stays in force meanwhile.
    observe_all_but_cpusets(observed, pinner->sight(binding::cgroup_uid(*verdict.pod)));
    observed.error = objection->message;
    observed.error_reason = objection->reason;
  } else if (verdict.admitted()) {
    if (!pinner->targets()) return;  // no look has come to an end yet
    const auto& uid = binding::cgroup_uid(*verdict.pod);
    observed = observe(*verdict.pod, pinner->sight(uid), pinner->targets()->of(uid), known->status);
    observed.crowded = pinner->crowded(uid, verdict.grant->exclusive_cpus);
    observed.disturbance = pinner->disturbance(uid);
  }
  auto said = verdict;
  said.binding = known;
  auto status = binding::next_status(said, options.node_name, observed, *facts.topology, wall_clock());
  const auto& uid = known->meta.uid;
  if (status.resource_status == api::BindingStatus::validated) {
    const auto due = validated_at.try_emplace(uid, Clock::now() + applied_soon).first->second;
    if (Clock::now() < due) {
      next_report = std::min(next_report, due);
      return;
    }
  } else {
    validated_at.erase(uid);
  }
  if (!verdict.reason.empty()) {
    const auto* before = api::find_condition(known->status.conditions, "Admitted");
    const auto* after = api::find_condition(status.conditions, "Admitted");
    if (after != nullptr && (before == nullptr || before->message != after->message)) {
      events.record(kube::reference_to(*known), kube::EventType::warning, verdict.reason, after->message);
    }
  }
  writer.want(known, std::move(status), verdict.admitted() ? verdict.pod.get() : nullptr);
}

asio::awaitable<void> Agent::Impl::follow_hotplug() {
  Rediscovery rediscovery({.hardware = host::hardware, .discover = [] { return host::discover(); }},
                          facts.topology->cpus());
  while (true) {
    co_await async::sleep_for(hotplug_period);
    auto news = rediscovery.look();
    if (!news) continue;
    topology_failure = news->failure;
    if (news->topology) {
      log.warn("topology: CPUs online are {} now, were {}; nodes with memory {}, were {}",
               news->now.online_cpus.to_string(), news->before.online_cpus.to_string(),
               news->now.memory.to_string(), news->before.memory.to_string());
      facts.topology = std::move(news->topology);
      next_full = Clock::now();  // the kernel has written cpusets, and tells of none
      work.set();
    } else {
      log.error("topology: {}", topology_failure);
    }
    publish();
  }
}

asio::awaitable<void> Agent::Impl::follow_owners() {
  while (true) {
    co_await async::sleep_for(owners_period);
    look_at_owners();
  }
}

void Agent::Impl::look_at_owners() {
  auto found = host::find_other_owners(options.kubelet_directory);
  found.another_agent = !pinner->claim();
  if (found.isolated != owners.isolated)
    log.info("CPUs {} are isolated: kept out of the shared pool", found.isolated.to_string());
  const auto before = std::exchange(objection, host::objection(found));
  owners = std::move(found);
  if (objection == before) return;
  if (objection) {
    log.error("nothing is pinned: {}", objection->message);
  } else {
    log.warn("pinning again: {} is no longer so", before->reason);
  }
  next_full = Clock::now();
  work.set();
}

// Once it is known.
void Agent::Impl::tell_node() {
  const auto reason = objection ? objection->reason : "";
  const auto node = state.nodes.get(options.node_name);
  if (!node || reason == told_node) return;
  if (objection) {
    events.record(kube::reference_to(*node), kube::EventType::warning, reason, objection->message);
  } else {
    events.record(kube::reference_to(*node), kube::EventType::normal, "PinningResumed",
                  told_node + " is no longer so: Pods are pinned again");
  }
  told_node = reason;
}

void Agent::Impl::publish() {
  if (!objection || !objection->silent) publisher.want(published());
}

PublishedState Agent::Impl::published() const {
  const auto& tree = pinner->tree();
  return {.topology = facts.topology,
          .reserved = facts.reserved,
          .exclusive = reconciled ? std::optional(desired.exclusive) : std::nullopt,
          .cgroup = {std::string(to_string(tree.version())), std::string(to_string(tree.driver()))},
          .failure = topology_failure,
          .objection = objection};
}

binding::PodPointer Agent::Impl::pod_of_cgroup(const std::string& uid) const {
  for (const auto& pod : state.pods.items())
    if (binding::cgroup_uid(*pod) == uid) return pod;
  return nullptr;
}

void Agent::Impl::tell_pod(const std::string& uid, const char* reason, const std::string& message) {
  if (const auto pod = pod_of_cgroup(uid)) {
    events.record(kube::reference_to(*pod), kube::EventType::warning, reason, message);
  }
}

PinView Agent::Impl::view_of(const api::Pod& pod) const {
  const auto it =
      std::ranges::find_if(verdicts, [&](const auto& v) { return v.pod && v.pod->meta.uid == pod.meta.uid; });
  const auto* verdict = it == verdicts.end() ? nullptr : &*it;
  const auto known = verdict != nullptr ? state.bound.get(verdict->binding->meta.key()) : nullptr;
  const auto& uid = binding::cgroup_uid(pod);
  auto pin = pin_view(pod, verdict, known ? known->status.resource_status : api::BindingStatus::unset,
                      desired.of(uid), pinner->sight(uid));
  if (verdict != nullptr && objection && pin.message.empty()) pin.message = objection->message;
  return pin;
}

AgentView Agent::Impl::view() const {
  AgentView view;
  view.node_name = options.node_name;
  view.topology = facts.topology;
  view.reserved = facts.reserved;
  view.shared_pool = reconciled ? desired.shared.cpus : facts.topology->cpus();
  if (!reconciled) view.not_ready = "the node's Pods and bindings are not known yet";
  if (objection) view.not_ready = objection->message;
  return view;
}

std::vector<PinView> Agent::Impl::pins() const {
  std::vector<PinView> pins;
  for (const auto& pod : state.pods.items())
    if (!pod->finished()) pins.push_back(view_of(*pod));
  std::ranges::sort(pins, [](const PinView& a, const PinView& b) {
    return std::tie(a.namespace_, a.pod) < std::tie(b.namespace_, b.pod);
  });
  return pins;
}

Agent::Agent(std::unique_ptr<AgentMetrics> metrics, std::unique_ptr<Impl> impl)
    : metrics_(std::move(metrics)), impl_(std::move(impl)) {}
Agent::~Agent() = default;

Result<std::unique_ptr<Agent>> Agent::make(asio::any_io_executor executor, kube::Client& client,
                                           kube::EventRecorder& events, AgentOptions options,
                                           std::shared_ptr<const topology::Topology> topology,
                                           spdlog::logger& log) {
  // One that is offline comes back some time, and may have gone while an earlier agent ran.
  if (const auto offline = options.reserved - topology->cpus(); !offline.empty()) {
    const auto present = host::present_cpus();
    if (!present) return fail(Error(present.error()).wrap("--reserved-cpus"));
    if (const auto absent = offline - *present; !absent.empty()) {
      return fail(Errc::invalid_argument, fmt::format("--reserved-cpus: there is no CPU {} here (CPUs {})",
                                                      absent.to_string(), present->to_string()));
    }
    log.warn("--reserved-cpus: CPU {} is not online", offline.to_string());
  }
  auto metrics = std::make_unique<AgentMetrics>();
  auto pinner = Pinner::open(executor, options.cgroups, options.dbus_socket, *metrics, log);
  if (!pinner) return fail(std::move(pinner.error()));
  auto impl = std::make_unique<Impl>(executor, client, events, std::move(options), std::move(topology),
                                     std::move(*pinner), *metrics, log);
  return std::unique_ptr<Agent>(new Agent(std::move(metrics), std::move(impl)));
}

asio::awaitable<void> Agent::run() {
  return impl_->run();
}
AgentView Agent::view() const {
  return impl_->view();
}

std::vector<PinView> Agent::pins() const {
  return impl_->pins();
}

}  // namespace actimanager::roles

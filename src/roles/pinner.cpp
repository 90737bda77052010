#include "pinner.hpp"

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <actimanager/host/handover.hpp>

#include "clock.hpp"

namespace actimanager::roles {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// At a Pod whose cgroup has no cpuset yet.
constexpr auto first_look_again = 1ms;
constexpr auto last_look_again = 512ms;

}  // namespace

Result<std::unique_ptr<Pinner>> Pinner::open(const asio::any_io_executor& executor,
                                             host::CgroupTreeOptions options, const std::string& dbus_socket,
                                             AgentMetrics& metrics, spdlog::logger& log) {
  auto tree = host::CgroupTree::open(std::move(options));
  if (!tree) return fail(std::move(tree.error()));
  if (auto announced = host::announce_agent(tree->root()); !announced)
    log.warn("{}", announced.error().message());  // `actimanager reset` will not see us
  auto watcher = host::CgroupWatcher::open(executor);
  if (!watcher) return fail(std::move(watcher.error()));
  auto writers = host::CpusetWriters::open();
  if (!writers) {
    log.info("who writes cpusets will not be told, that needs CAP_SYS_ADMIN: {}", writers.error().message());
    writers = nullptr;
  }
  return std::unique_ptr<Pinner>(new Pinner(executor, std::move(*tree), std::move(*watcher),
                                            std::move(*writers), dbus_socket, metrics, log));
}

Pinner::Pinner(const asio::any_io_executor& executor, host::CgroupTree tree,
               std::unique_ptr<host::CgroupWatcher> watcher, std::unique_ptr<host::CpusetWriters> writers,
               const std::string& dbus_socket, AgentMetrics& metrics, spdlog::logger& log)
    : tree_(std::move(tree)),
      watcher_(std::move(watcher)),
      writers_(std::move(writers)),
      is_unready_(executor),
      systemd_(executor, dbus_socket, [this](const std::optional<Error>& failure) { note_systemd(failure); }),
      metrics_(metrics),
      log_(log) {
  if (tree_.version() == host::CgroupVersion::v2) return;
  if (auto with_cpu = tree_.beside_with_cpu()) cpu_tree_ = std::move(*with_cpu);
}

bool Pinner::Unready::over() const {
  return pause > last_look_again;
}

asio::awaitable<void> Pinner::await_controllers() {
  while (true) {
    auto next = Clock::time_point::max();
    for (const auto& [uid, wait] : unready_)
      if (!wait.over()) next = std::min(next, wait.due);
    if (co_await is_unready_.wait_until(next)) continue;
    std::vector<std::string> due;
    for (const auto& [uid, wait] : unready_)
      if (!wait.over() && wait.due <= Clock::now()) due.push_back(uid);
    for (const auto& uid : due) {
      if (const auto it = unready_.find(uid); it != unready_.end()) {
        it->second.pause *= 2;
        it->second.due = Clock::now() + it->second.pause;
      }
      pin(uid, targets_->of(uid));
    }
  }
}

asio::awaitable<void> Pinner::tell_systemd() {
  co_await systemd_.run();
}

void Pinner::note_systemd(const std::optional<Error>& failure) {
  metrics_.unit_writes = systemd_.writes();
  // Quotas that were put back are forgotten once systemd has written what it makes of them.
  settle_quotas([](const Pod& pod) { return !pod.target->lifts_quota && pod.sight.quota.lifted; });
  if (failure.has_value() == std::exchange(systemd_fails_, failure.has_value())) return;
  if (failure) {
    log_.warn("systemd cannot be told of pins, the cpuset files alone hold them: {}", failure->message());
  } else {
    log_.info("systemd knows the pins again");
  }
}

bool Pinner::claim() {
  const auto claimed = claim_.take(tree_.root());
  return !claimed || *claimed;  // who cannot ask goes ahead
}

void Pinner::let_be() {
  targets_.reset();
  unready_.clear();
  // What others write meanwhile is no drift. Quotas that are lifted stay lifted.
  for (auto& [uid, pod] : pods_) pod.target.reset();
}

const Sight* Pinner::sight(const std::string& uid) const {
  const auto it = pods_.find(uid);
  return it == pods_.end() ? nullptr : &it->second.sight;
}

// Watches before it looks, so that nothing appears in between unnoticed.
std::optional<std::vector<host::PodCgroup>> Pinner::look_around() {
  auto found = tree_.scan();
  for (bool fresh = true; found && fresh;) {
    fresh = false;
    for (const auto& level : tree_.levels()) {
      auto watched = watcher_->watch_level(*level, tree_.has_pods(*level));
      if (!watched) log_.warn("{}", watched.error().message());
      fresh = fresh || (watched && *watched);
    }
    if (fresh) found = tree_.scan();
  }
  blind_ = !found;
  if (!found) {
    log_.error("{}", found.error().message());
    return std::nullopt;
  }
  for (auto& pod : *found) {
    if (!watch_pod(pod)) continue;
    if (auto again = look_at(pod.uid)) pod = std::move(*again);
  }
  partitions_.look(*found);
  return std::move(*found);
}

void Pinner::apply(Targets targets) {
  auto found = look_around();
  if (!found) return;  // what cannot be seen is not gone
  if (cpu_tree_ && !cpu_tree_->scan()) log_.debug("{}: cannot be read", cpu_tree_->root().path());
  if (tree_.version() == host::CgroupVersion::v1) restore_levels();
  forget_all_but(*found);
  systemd_.retry();
  settle(std::move(*found), std::move(targets));
  looked_ = true;
  if (tree_.version() == host::CgroupVersion::v1) bring_back();
}

void Pinner::retarget(Targets targets) {
  if (!targets_) return apply(std::move(targets));
  std::vector<std::string> movers;
  for (const auto& [uid, pod] : pods_)
    if (pod.target != targets.of(uid)) movers.push_back(uid);
  // What stops being isolated comes back to all whose cpusets inherit.
  if (std::ranges::any_of(movers, [this](const auto& uid) { return partitions_.of(uid) != nullptr; }))
    return apply(std::move(targets));
  std::vector<host::PodCgroup> found;
  for (const auto& uid : movers) {
    if (auto pod = look_at(uid)) {
      found.push_back(std::move(*pod));
    } else if (tree_.exhaustion()) {
      log_.error("{}", tree_.exhaustion()->message());
      blind_ = true;
      return;
    } else {
      forget(uid);
    }
  }
  settle(std::move(found), std::move(targets));
}

void Pinner::forget_all_but(const std::vector<host::PodCgroup>& found) {
  std::unordered_set<std::string> there;
  for (const auto& pod : found) there.insert(pod.uid);
  std::vector<std::string> vanished;
  for (const auto& [uid, pod] : pods_)
    if (!there.contains(uid)) vanished.push_back(uid);
  for (const auto& uid : vanished) forget(uid);
}

void Pinner::settle(std::vector<host::PodCgroup> found, Targets targets) {
  const auto before = std::exchange(targets_, std::move(targets));
  if (before != targets_) ask_kernel_again();
  leave_partitions(found);
  // Who has nothing new to do goes first: back to where it was, if somebody else has moved it.
  std::erase_if(found, [this](const host::PodCgroup& pod) {
    const auto& target = targets_->of(pod.uid);
    const auto known = pods_.find(pod.uid);
    if (known == pods_.end() || known->second.target != target) return false;
    pin(pod, target);
    return true;
  });
  // What an earlier agent made exclusive is not known: any CPU may be.
  hand_over(found, before ? before->exclusive : CpuSet::range(0, CpuSet::max_id));
  // Now that nobody else's cpuset names their CPUs.
  for (const auto& [uid, target] : targets_->pods)
    if (target.is_partition) settle_partition(uid);
}

void Pinner::hand_over(const std::vector<host::PodCgroup>& pods, const CpuSet& exclusive) {
  std::vector<host::Occupant> occupants;
  for (const auto& pod : pods) {
    // One that cannot be read has gone, or pin() will say why.
    const auto values = pod.cgroup->read();
    occupants.push_back({values ? values->effective_cpus : CpuSet(), targets_->of(pod.uid).pod.cpus});
  }
  for (const auto& step : host::plan_handover(occupants, targets_->shared.pod.cpus, exclusive)) {
    auto target = targets_->of(pods[step.pod].uid);
    // Memory moves at the end, once everybody is on their CPUs: it may take long.
    if (pods.size() > 1 || step.cpus != target.pod.cpus) {
      target.pod = {step.cpus, {}};
      for (auto& [id, container] : target.containers) container.mems.clear();
    }
    pin(pods[step.pod], target);
  }
  for (const auto& pod : pods) {
    const auto& target = targets_->of(pod.uid);
    const auto known = pods_.find(pod.uid);
    const bool done = known != pods_.end() && known->second.target == target && !known->second.sight.error;
    if (!done) pin(pod, target);
  }
}

asio::awaitable<void> Pinner::watch() {
  look_around();
  while (true) {
    const auto events = co_await watcher_->next();
    const auto begun = Clock::now();
    if (writers_) writers_->collect();  // while they live; who they are in full is for after the repair
    for (const auto& event : events) {
      using Kind = host::CgroupEvent::Kind;
      if (event.kind == Kind::pod_gone) {
        forget(event.uid);
        if (targets_) pin(event.uid, targets_->of(event.uid));  // where one of its name is there again
      } else if (event.kind == Kind::tree_changed) {
        if (targets_) {
          apply(*targets_);
        } else {
          look_around();
        }
      } else if (targets_) {
        const auto known = pods_.find(event.uid);
        if (known != pods_.end() && !known->second.quarrel.may_repair(begun)) {
          known->second.quarrel.left_alone(begun);
          look_on(event.uid);
          continue;
        }
        pin(event.uid, targets_->of(event.uid));
        if (event.kind == Kind::pod_appeared) {
          metrics_.pin_seconds.observe(seconds_since(begun));
        }
      }
    }
    if (targets_) settle_refused_partitions();
  }
}

// What is left alone is seen all the same: whom it crowds is told.
void Pinner::look_on(const std::string& uid) {
  const auto found = tree_.find_pod(uid);
  if (!found) return;
  const auto values = found->cgroup->read();
  if (!values) return;
  auto& sight = pods_[uid].sight;
  auto containers = std::map<std::string, host::CpusetValues>();
  for (const auto& container : found->containers)
    if (auto has = container.cgroup->read()) containers.emplace(container.id, std::move(*has));
  if (values->effective_cpus == sight.pod && containers == sight.containers) return;
  sight.pod = values->effective_cpus;
  sight.containers = std::move(containers);
  if (handlers_.seen) handlers_.seen(uid);
}

std::optional<host::PodCgroup> Pinner::look_at(const std::string& uid) {
  auto found = tree_.find_pod(uid);
  while (found && watch_pod(*found)) found = tree_.find_pod(uid);
  return found;
}

bool Pinner::watch_pod(const host::PodCgroup& pod) {
  const auto fresh = watcher_->watch_pod(pod);
  if (!fresh) log_.warn("{}", fresh.error().message());
  if (writers_) {
    if (auto watched = writers_->watch_pod(pod); !watched) log_.warn("{}", watched.error().message());
  }
  return fresh && *fresh;
}

std::optional<host::Writer> Pinner::writer_of(const std::string& uid) {
  return writers_ ? writers_->take(uid) : std::nullopt;
}

std::string Pinner::disturbance(const std::string& uid) const {
  const auto it = pods_.find(uid);
  if (it == pods_.end() || !it->second.quarrel.going_on(Clock::now())) return {};
  return fmt::format("{} keeps writing its cpusets; what it writes is put back at most {} times in {} s",
                     it->second.quarrel.other(), Quarrel::repairs_at_once, Quarrel::repair_window.count());
}

std::optional<Pinner::Clock::time_point> Pinner::next_quarrel_over() const {
  std::optional<Clock::time_point> next;
  for (const auto& [uid, pod] : pods_) {
    if (!pod.quarrel.going_on(Clock::now())) continue;
    next = next ? std::min(*next, pod.quarrel.over_at()) : pod.quarrel.over_at();
  }
  return next;
}

bool Pinner::refused() const {
  return blind_ ||
         std::ranges::any_of(pods_, [](const auto& entry) { return entry.second.sight.error.has_value(); });
}

CpuSet Pinner::crowded(const std::string& uid, const CpuSet& cpus) const {
  CpuSet others;
  for (const auto& [other, pod] : pods_) {
    if (other == uid || (!pod.sight.error && !pod.quarrel.going_on(Clock::now()))) continue;
    others |= pod.sight.pod;
    for (const auto& [id, values] : pod.sight.containers) others |= values.effective_cpus;
  }
  return others & cpus;
}

void Pinner::pin(const std::string& uid, const host::PodTarget& target) {
  if (const auto found = look_at(uid)) {
    pin(*found, target);
    if (target.is_partition) settle_partition(uid);
  } else if (tree_.exhaustion()) {
    log_.error("{}", tree_.exhaustion()->message());
    blind_ = true;
    if (handlers_.seen) handlers_.seen(uid);  // to be tried again soon
  } else {
    forget(uid);
  }
}

void Pinner::pin(const host::PodCgroup& found, const host::PodTarget& target) {
  const auto& uid = found.uid;
  auto report = host::pin(tree_, found, target);
  metrics_.cpuset_writes += static_cast<std::uint64_t>(report.writes);
  if (report.gone) return forget(uid);

  auto& pod = pods_[uid];
  bool awaited = false;
  if (report.unready) {
    const auto [wait, fresh] =
        unready_.try_emplace(uid, Unready{Clock::now() + first_look_again, first_look_again});
    if (fresh) is_unready_.set();
    awaited = !wait->second.over();
  } else {
    unready_.erase(uid);
  }
  note_drift(uid, pod, target, report, writer_of(uid));
  pod.unwritten = report.error.has_value();
  // Who has no binding is well with some of the shared pool, but not with CPUs outside of it.
  const bool suffers = targets_->pods.contains(uid) || !target.pod.cpus.includes(report.pod);
  if (report.withheld && suffers) report.error = std::move(report.withheld);
  if (tree_.version() == host::CgroupVersion::v1) note_emptied(pod, report);
  if (awaited) report.error.reset();
  if (report.error) {
    ++metrics_.pin_errors;
    if (!pod.sight.error || pod.sight.error->message() != report.error->message()) {
      log_.error("Pod {}: {}", uid, report.error->message());
    }
  }
  pod.target = target;
  // Of what is only a step on the way systemd need not know. Why the files come first:
  // docs/decisions/0007-file-before-property.md
  const bool last = target == targets_->of(uid);
  const bool same = pod.sight.pod == report.pod && pod.sight.containers == report.containers &&
                    pod.sight.error.has_value() == report.error.has_value() && pod.sight.unready == awaited;
  pod.sight.pod = std::move(report.pod);
  pod.sight.containers = std::move(report.containers);
  pod.sight.error = std::move(report.error);
  pod.sight.unready = awaited;
  if (last) tell_systemd(found, target);
  if (!same && handlers_.seen) handlers_.seen(uid);
  // An earlier agent may have lifted what is not to be lifted any more.
  const bool of_before = !looked_ && !pod.sight.quota.looked;
  if (last && (target.lifts_quota || pod.sight.quota.lifted || of_before)) settle_quota(uid);
}

void Pinner::tell_systemd(const host::PodCgroup& pod, const host::PodTarget& target) {
  if (tree_.version() == host::CgroupVersion::v1) return;
  if (targets_->pods.contains(pod.uid)) return systemd_.want(pod, &target, looked_);
  // Of memory systemd is told nothing: those of the shared pool have it wherever there is some.
  const host::PodTarget pool{.pod = {target.pod.cpus, {}}, .containers = {}};
  systemd_.want(pod, targets_->shared_is_whole ? nullptr : &pool, looked_, true);
}

void Pinner::note_drift(const std::string& uid, Pod& pod, const host::PodTarget& target,
                        const host::PinReport& report, const std::optional<host::Writer>& writer) {
  if (pod.target != target) return;  // it was not there yet, or is to be elsewhere
  if (pod.unwritten) return;         // what we could not write is nobody else's
  if (!report.differences.empty()) ask_kernel_again();
  for (const auto& difference : report.differences) {
    const bool container = !difference.container.empty();
    if (container && !pod.sight.containers.contains(difference.container)) continue;  // a new one
    if (went_offline(difference)) continue;
    // systemd makes a unit, and writes all of it again with its first child, before it can be told.
    if (difference.unset && !systemd_.settled(uid)) continue;
    metrics_.drifts.count(writer ? writer->name : "");
    const auto other = writer ? to_string(*writer) : "somebody else";
    const auto message = fmt::format(
        "{} moved {} to CPUs {}; {} {}", other,
        container ? "container " + difference.container.substr(0, 12) : std::string("the Pod"),
        difference.had.to_string(), report.error ? "the kernel refuses to put it back to" : "put back to",
        difference.wanted.to_string());
    log_.warn("Pod {}: {}", uid, message);
    systemd_.doubt(uid);
    if (handlers_.drift) handlers_.drift(uid, message);
    if (pod.quarrel.repaired(other, Clock::now())) {
      const auto disturbed = disturbance(uid);
      log_.warn("Pod {}: {}", uid, disturbed);
      if (handlers_.quarrel) handlers_.quarrel(uid, disturbed);
    }
  }
}

void Pinner::forget(const std::string& uid) {
  unready_.erase(uid);
  systemd_.forget(uid);
  if (partitions_.of(uid) != nullptr) {
    partitions_.forget(uid);
    trim_partitions();
  }
  watcher_->forget_pod(uid);
  if (writers_) writers_->forget_pod(uid);
  if (pods_.erase(uid) > 0 && handlers_.seen) handlers_.seen(uid);
}

}  // namespace actimanager::roles

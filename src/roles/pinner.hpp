// Pinner: keeps the kernel at the targets it was given last, cpusets and CFS quotas: at once for a Pod's
// cgroup that appears, for everyone where the targets change, and whenever somebody else writes a cpuset,
// which it then names, where the kernel tells who. Against one who keeps writing it does not insist (see
// quarrel.hpp): the Pod is left to the next full look. On cgroup v2 systemd is told, too: see
// host/systemd/keeper.hpp.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <spdlog/fwd.h>

#include <actimanager/async/event.hpp>
#include <actimanager/host/cfs_quota.hpp>
#include <actimanager/host/cgroup_tree.hpp>
#include <actimanager/host/cgroup_watcher.hpp>
#include <actimanager/host/cpuset_writers.hpp>
#include <actimanager/host/partition.hpp>
#include <actimanager/host/pinning.hpp>
#include <actimanager/host/presence.hpp>
#include <actimanager/host/systemd/keeper.hpp>
#include <actimanager/host/whole_levels.hpp>
#include <actimanager/roles/agent.hpp>

#include "quarrel.hpp"
#include "sight.hpp"
#include "targets.hpp"

namespace actimanager::roles {

class Pinner {
 public:
  struct Handlers {
    std::function<void(const std::string& uid)> seen;  // a Pod's Sight is another one now
    std::function<void(const std::string& uid, const std::string& message)> drift;
    std::function<void(const std::string& uid, const std::string& message)> quarrel;  // one has begun
  };

  // Errors: no cpuset hierarchy, no inotify.
  static Result<std::unique_ptr<Pinner>> open(const boost::asio::any_io_executor& executor,
                                              host::CgroupTreeOptions options, const std::string& dbus_socket,
                                              AgentMetrics& metrics, spdlog::logger& log);
  void set_handlers(Handlers handlers) { handlers_ = std::move(handlers); }

  // Looks at every Pod and makes the kernel agree. Who has to leave CPUs leaves before others come: see
  // host/handover.hpp.
  void apply(Targets targets);
  // As apply(), of those Pods that are known and whose target has become another one: in a time that does not
  // grow with the others, so that a Pod which appears meanwhile does not wait for it.
  void retarget(Targets targets);
  const std::optional<Targets>& targets() const { return targets_; }
  // Looks at the CFS quotas that are to be lifted: on v1 nothing tells of containers that were given one.
  void look_at_quotas();
  // Leaves every cpuset as it is and only watches, until the next apply().
  void let_be();

  // Follows the cgroups until cancelled. Before the first apply() it only watches.
  boost::asio::awaitable<void> watch();

  // Looks again at Pods whose cgroup has no cpuset yet, until cancelled. On v2 a runtime may make the cgroup
  // before it has the level above pass the controller on, and nothing tells of the files that then appear.
  boost::asio::awaitable<void> await_controllers();

  // Brings to systemd what it is to know, until cancelled.
  boost::asio::awaitable<void> tell_systemd();

  // nullptr: the Pod has no cgroup that we have seen.
  const Sight* sight(const std::string& uid) const;
  // What is to be said of the quarrel about the Pod that is going on; "": there is none.
  std::string disturbance(const std::string& uid) const;
  // When the first of those that go on will be over, if nothing more is written: a full look then puts back
  // what was let. nullopt: there is none.
  std::optional<Quarrel::TimePoint> next_quarrel_over() const;
  // Whether the kernel refused what is wanted of some Pod, or to show what Pods there are, when that was last
  // tried.
  bool refused() const;
  // Those of `cpus` that Pods other than this one are on because the kernel refused to move them, or because
  // somebody keeps moving them there.
  CpuSet crowded(const std::string& uid, const CpuSet& cpus) const;
  const host::CgroupTree& tree() const { return tree_; }
  // Whether no other agent keeps the cpusets of this hierarchy; it is ours from then on.
  bool claim();

 private:
  using Clock = std::chrono::steady_clock;
  struct Pod {
    Sight sight;
    std::optional<host::PodTarget> target;  // as last applied
    bool unwritten = false;                 // the kernel refused some of that
    Quarrel quarrel;
    std::set<std::string> emptied;  // containers, by id, whose processes the kernel has moved away
  };

  // A Pod that has no cpuset (yet): looked at again soon, after a pause that doubles. Once that is over it is
  // one whose pin was refused.
  struct Unready {
    Clock::time_point due;
    Clock::duration pause;
    bool over() const;
  };

  Pinner(const boost::asio::any_io_executor& executor, host::CgroupTree tree,
         std::unique_ptr<host::CgroupWatcher> watcher, std::unique_ptr<host::CpusetWriters> writers,
         const std::string& dbus_socket, AgentMetrics& metrics, spdlog::logger& log);

  // nullopt: it cannot be seen what is there.
  std::optional<std::vector<host::PodCgroup>> look_around();
  // Whether anything of it was not watched before.
  bool watch_pod(const host::PodCgroup& pod);
  // Watched before it was looked at, so that nothing appears in it unnoticed.
  std::optional<host::PodCgroup> look_at(const std::string& uid);
  void forget_all_but(const std::vector<host::PodCgroup>& found);
  void settle(std::vector<host::PodCgroup> found, Targets targets);
  void hand_over(const std::vector<host::PodCgroup>& pods, const CpuSet& exclusive);
  void pin(const std::string& uid, const host::PodTarget& target);
  // Of one that is watched.
  void pin(const host::PodCgroup& found, const host::PodTarget& target);
  void look_on(const std::string& uid);
  void note_drift(const std::string& uid, Pod& pod, const host::PodTarget& target,
                  const host::PinReport& report, const std::optional<host::Writer>& writer);
  bool went_offline(const host::PinReport::Difference& difference) const;
  std::optional<host::Writer> writer_of(const std::string& uid);
  void restore_levels();
  void note_emptied(Pod& pod, host::PinReport& report);
  void bring_back();
  void tell_systemd(const host::PodCgroup& pod, const host::PodTarget& target);
  void settle_quotas(bool (*which)(const Pod&));
  void leave_partitions(const std::vector<host::PodCgroup>& pods);
  void settle_partition(const std::string& uid);
  void settle_refused_partitions();
  void ask_kernel_again();
  void trim_partitions();
  void settle_quota(const std::string& uid);
  void write_quotas(const std::string& uid, host::QuotaWish wish);
  void note_systemd(const std::optional<Error>& failure);
  void forget(const std::string& uid);

  host::CgroupTree tree_;
  host::Partitions partitions_{tree_};
  std::optional<host::CgroupTree> cpu_tree_;  // v1's other hierarchy; nullopt: v2, or it is not there
  std::unique_ptr<host::CgroupWatcher> watcher_;
  std::unique_ptr<host::CpusetWriters> writers_;  // nullptr: the kernel does not tell us
  host::WholeLevels whole_levels_;
  std::string levels_failure_;                        // as last logged; "": none
  std::unordered_map<std::string, Unready> unready_;  // by UID
  async::Event is_unready_;
  host::systemd::Keeper systemd_;
  bool systemd_fails_ = false;
  AgentMetrics& metrics_;
  spdlog::logger& log_;
  Handlers handlers_;
  std::optional<Targets> targets_;
  bool blind_ = false;                         // nothing was to be seen when we looked last
  bool looked_ = false;                        // at every Pod, once: what appears from then on is new
  std::unordered_map<std::string, Pod> pods_;  // by UID
  host::PinningClaim claim_;
};

}  // namespace actimanager::roles

// CgroupWatcher: tells within a fraction of a millisecond when a Pod's cgroup or a container's appears, and
// when anybody writes a cpuset, or on v2 a CFS quota (inotify). It tells where to look, not what is there:
// the reader looks for itself. Our own writes are told like everyone's.
//
// Not told: changes the kernel makes by itself (CPU hotplug).
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <actimanager/host/cgroup_tree.hpp>

namespace actimanager::host {

struct CgroupEvent {
  enum class Kind {
    pod_appeared,  // watch_pod() it, then pin it
    pod_changed,   // a container of it came or went, or somebody wrote one of its cpusets or quotas: look
    pod_gone,
    tree_changed,  // a level above Pods came or went, or events were lost: scan the tree
  } kind;
  std::string uid;
  bool operator==(const CgroupEvent&) const = default;
};

class CgroupWatcher {
 public:
  // Errors: the errno of inotify_init.
  static Result<std::unique_ptr<CgroupWatcher>> open(const boost::asio::any_io_executor& executor);
  ~CgroupWatcher();

  // Each returns whether the watch is new: what appeared before it is not told, so look again. Errors: ENOSPC
  // where fs.inotify.max_user_watches is reached; a cgroup that is gone is none.
  // `has_pods`: what appears in it with a Pod's name is one.
  Result<bool> watch_level(const Cgroup& level, bool has_pods);
  Result<bool> watch_pod(const PodCgroup& pod);  // and its containers, and no longer those it had before
  // The kernel keeps watches of cgroups that are gone.
  void forget_pod(const std::string& uid);

  // Waits for events, then returns all there are, without repetition.
  boost::asio::awaitable<std::vector<CgroupEvent>> next();

 private:
  struct Impl;
  explicit CgroupWatcher(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace actimanager::host

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/inotify.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <actimanager/host/cgroup_watcher.hpp>

#include "last_error.hpp"

namespace actimanager::host {

namespace asio = boost::asio;

namespace {

// The kernel itself tells of the last one, when a partition becomes invalid.
constexpr std::string_view watched_files[] = {"cpuset.cpus", "cpuset.mems", "cpu.max",
                                              "cpuset.cpus.partition"};

}  // namespace

struct CgroupWatcher::Impl {
  enum class What { level_above, level, pod, container };
  struct Watch {
    What what = What::level;
    std::string uid;
    bool of_pod() const { return what == What::pod || what == What::container; }
  };

  explicit Impl(const asio::any_io_executor& executor, int fd) : inotify(executor, fd) {}

  struct Added {
    int id = -1;  // -1: the cgroup is gone
    bool fresh = false;
  };
  using Ids = std::unordered_map<ino_t, int>;  // inotify's descriptors by the cgroup's inode
  Result<Added> add(const Cgroup& cgroup, Watch watch);
  void keep_only(const std::string& uid, const Ids& ids);
  void tell(const inotify_event& event, std::vector<CgroupEvent>& events);

  asio::posix::stream_descriptor inotify;
  std::unordered_map<int, Watch> watches;        // by inotify's descriptor
  std::unordered_map<std::string, Ids> of_pods;  // by UID
};

Result<CgroupWatcher::Impl::Added> CgroupWatcher::Impl::add(const Cgroup& cgroup, Watch watch) {
  if (const auto pod = of_pods.find(watch.uid); pod != of_pods.end())
    if (const auto known = pod->second.find(cgroup.inode()); known != pod->second.end())
      return Added{known->second, false};
  // IN_MODIFY of a directory tells of the files in it.
  const std::uint32_t mask = IN_ONLYDIR | IN_CREATE | IN_DELETE | (watch.of_pod() ? IN_MODIFY : 0);
  // By the open directory, not by its path, which a newer cgroup may have by now.
  const auto directory = fmt::format("/proc/self/fd/{}", cgroup.fd());
  const int id = ::inotify_add_watch(inotify.native_handle(), directory.c_str(), mask);
  if (id < 0) {
    if (errno == ENOENT || errno == ENODEV) return Added{};
    const std::error_code error = last_error();
    return fail(error, fmt::format("{}: watch{}", cgroup.path(),
                                   errno == ENOSPC ? " (raise fs.inotify.max_user_watches)" : ""));
  }
  if (watch.of_pod()) of_pods[watch.uid].emplace(cgroup.inode(), id);
  return Added{id, watches.insert_or_assign(id, std::move(watch)).second};
}

void CgroupWatcher::Impl::keep_only(const std::string& uid, const Ids& ids) {
  const auto pod = of_pods.find(uid);
  if (pod == of_pods.end()) return;
  std::erase_if(pod->second, [&](const auto& entry) {
    if (ids.contains(entry.first)) return false;
    ::inotify_rm_watch(inotify.native_handle(), entry.second);
    watches.erase(entry.second);
    return true;
  });
  if (pod->second.empty()) of_pods.erase(pod);
}

void CgroupWatcher::Impl::tell(const inotify_event& event, std::vector<CgroupEvent>& events) {
  using Kind = CgroupEvent::Kind;
  const auto add = [&](Kind kind, std::string uid = {}) {
    CgroupEvent told{kind, std::move(uid)};
    if (std::ranges::find(events, told) == events.end()) events.push_back(std::move(told));
  };
  if ((event.mask & IN_Q_OVERFLOW) != 0) return add(Kind::tree_changed);
  const auto it = watches.find(event.wd);
  if (it == watches.end()) return;
  if ((event.mask & IN_IGNORED) != 0) {
    if (const auto pod = of_pods.find(it->second.uid); pod != of_pods.end())
      std::erase_if(pod->second, [&](const auto& entry) { return entry.second == event.wd; });
    watches.erase(it);
    return;
  }
  const auto& watch = it->second;
  const std::string_view name = event.len > 0 ? std::string_view(event.name) : std::string_view();
  const bool directory = (event.mask & IN_ISDIR) != 0;
  if (!watch.of_pod()) {
    if (!directory) return;
    auto pod = watch.what == What::level ? parse_pod_name(name) : std::nullopt;
    if (pod) {
      add((event.mask & IN_CREATE) != 0 ? Kind::pod_appeared : Kind::pod_gone, std::move(pod->uid));
    } else {
      add(Kind::tree_changed);
    }
  } else if (directory || std::ranges::find(watched_files, name) != std::end(watched_files)) {
    add(Kind::pod_changed, watch.uid);
  }
}

CgroupWatcher::CgroupWatcher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CgroupWatcher::~CgroupWatcher() = default;

Result<std::unique_ptr<CgroupWatcher>> CgroupWatcher::open(const asio::any_io_executor& executor) {
  const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) return fail(last_error(), "inotify_init");
  return std::unique_ptr<CgroupWatcher>(new CgroupWatcher(std::make_unique<Impl>(executor, fd)));
}

Result<bool> CgroupWatcher::watch_level(const Cgroup& level, bool has_pods) {
  const auto added = impl_->add(level, {has_pods ? Impl::What::level : Impl::What::level_above, {}});
  if (!added) return fail(added.error());
  return added->fresh;
}

Result<bool> CgroupWatcher::watch_pod(const PodCgroup& pod) {
  Impl::Ids ids;
  bool fresh = false;
  const auto watch = [&](const Cgroup& cgroup, Impl::What what) -> Result<void> {
    const auto added = impl_->add(cgroup, {what, pod.uid});
    if (!added) return fail(added.error());
    fresh = fresh || added->fresh;
    ids.emplace(cgroup.inode(), added->id);
    return {};
  };
  auto watched = watch(*pod.cgroup, Impl::What::pod);
  for (const auto& container : pod.containers) {
    if (!watched) break;
    watched = watch(*container.cgroup, Impl::What::container);
  }
  if (!watched) return fail(std::move(watched.error()));
  impl_->keep_only(pod.uid, ids);
  return fresh;
}

void CgroupWatcher::forget_pod(const std::string& uid) {
  impl_->keep_only(uid, {});
}

asio::awaitable<std::vector<CgroupEvent>> CgroupWatcher::next() {
  std::vector<CgroupEvent> events;
  alignas(inotify_event) char buffer[16384];
  while (events.empty()) {
    co_await impl_->inotify.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
    while (true) {
      const auto got = ::read(impl_->inotify.native_handle(), buffer, sizeof buffer);
      if (got <= 0) break;  // all read
      for (const char* at = buffer; at < buffer + got;) {
        const auto* event = reinterpret_cast<const inotify_event*>(at);
        impl_->tell(*event, events);
        at += sizeof(inotify_event) + event->len;
      }
    }
  }
  co_return events;
}

}  // namespace actimanager::host

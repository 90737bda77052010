#include <cerrno>
#include <fcntl.h>
#include <set>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <actimanager/host/cpuset_writers.hpp>

#include "last_error.hpp"

namespace actimanager::host {
namespace {

// A mark on the directory tells of the files in it.
constexpr std::uint64_t file_writes = FAN_MODIFY | FAN_EVENT_ON_CHILD;
// An event about a file of a cgroup that is gone is an error of read(), which goes on with the next one.
constexpr int max_failures = 1000;

// The inode of an open file, or of one in an open directory; nullopt: gone.
std::optional<ino_t> inode_of(int directory, const char* file = "") {
  struct stat status{};
  if (::fstatat(directory, file, &status, *file == '\0' ? AT_EMPTY_PATH : AT_SYMLINK_NOFOLLOW) != 0)
    return {};
  return status.st_ino;
}

}  // namespace

Result<std::unique_ptr<CpusetWriters>> CpusetWriters::open() {
  const int fd = ::fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK | FAN_CLOEXEC | FAN_UNLIMITED_MARKS,
                                 O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail(last_error(), "fanotify_init");
  return std::unique_ptr<CpusetWriters>(new CpusetWriters(fd));
}

CpusetWriters::~CpusetWriters() {
  ::close(fd_);
}

Result<void> CpusetWriters::watch_pod(const PodCgroup& pod) {
  auto& known = pods_[pod.uid];
  std::set<ino_t> there;
  const auto add = [&](const std::shared_ptr<Cgroup>& cgroup) -> Result<void> {
    there.insert(cgroup->inode());
    return known.watches.contains(cgroup->inode()) ? Result<void>() : watch(known, pod.uid, cgroup);
  };
  if (auto added = add(pod.cgroup); !added) return added;
  for (const auto& container : pod.containers)
    if (auto added = add(container.cgroup); !added) return added;
  std::erase_if(known.watches, [&](const auto& entry) {
    if (there.contains(entry.first)) return false;
    unwatch(entry.second);
    return true;
  });
  return {};
}

Result<void> CpusetWriters::watch(Pod& pod, const std::string& uid, const std::shared_ptr<Cgroup>& cgroup) {
  if (::fanotify_mark(fd_, FAN_MARK_ADD, file_writes, cgroup->fd(), nullptr) != 0) {
    if (errno == ENOENT || errno == ENODEV) return {};
    return fail(last_error(), cgroup->path() + ": watch who writes it");
  }
  const Watch watch{cgroup, inode_of(cgroup->fd(), "cpuset.cpus").value_or(0),
                    inode_of(cgroup->fd(), "cpuset.mems").value_or(0)};
  owners_.insert_or_assign(watch.cpus, uid);
  owners_.insert_or_assign(watch.mems, uid);
  pod.watches.emplace(cgroup->inode(), watch);
  return {};
}

// The kernel keeps marks of cgroups that are gone, and their inodes for them.
void CpusetWriters::unwatch(const Watch& watch) {
  ::fanotify_mark(fd_, FAN_MARK_REMOVE, file_writes, watch.cgroup->fd(), nullptr);
  owners_.erase(watch.cpus);
  owners_.erase(watch.mems);
}

void CpusetWriters::forget_pod(const std::string& uid) {
  const auto pod = pods_.find(uid);
  if (pod == pods_.end()) return;
  for (const auto& [inode, watch] : pod->second.watches) unwatch(watch);
  pods_.erase(pod);
}

void CpusetWriters::note(int file, pid_t pid) {
  if (pid == ::getpid()) return;
  const auto inode = inode_of(file);
  const auto owner = inode ? owners_.find(*inode) : owners_.end();
  if (owner != owners_.end()) pods_[owner->second].last = glimpse_writer(pid);
}

void CpusetWriters::collect() {
  alignas(fanotify_event_metadata) char buffer[8192];
  for (int failures = 0; failures < max_failures;) {
    auto left = ::read(fd_, buffer, sizeof buffer);
    if (left < 0 && errno == EAGAIN) return;  // all read
    if (left <= 0) {
      ++failures;
      continue;
    }
    const auto* event = reinterpret_cast<const fanotify_event_metadata*>(buffer);
    for (; FAN_EVENT_OK(event, left); event = FAN_EVENT_NEXT(event, left)) {
      if (event->fd < 0) continue;
      note(event->fd, event->pid);
      ::close(event->fd);
    }
  }
}

std::optional<Writer> CpusetWriters::take(const std::string& uid) {
  collect();
  const auto pod = pods_.find(uid);
  auto writer = pod == pods_.end() ? std::nullopt : std::exchange(pod->second.last, std::nullopt);
  if (writer) place_writer(*writer);
  return writer;
}

}  // namespace actimanager::host

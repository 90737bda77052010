#include <cerrno>
#include <charconv>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include <actimanager/host/cgroup.hpp>

#include "last_error.hpp"
#include "open_beneath.hpp"

namespace actimanager::host {
namespace {

// A descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

}  // namespace

std::string_view to_string(CgroupVersion version) {
  return version == CgroupVersion::v1 ? "v1" : "v2";
}

bool is_gone(const Error& error) {
  return error.code == std::errc::no_such_file_or_directory || error.code == std::errc::no_such_device;
}

Cgroup::Cgroup(int fd, std::string path, CgroupVersion version, dev_t device, ino_t inode)
    : fd_(fd), path_(std::move(path)), version_(version), device_(device), inode_(inode) {}

Cgroup::~Cgroup() {
  ::close(fd_);
}

Result<std::shared_ptr<Cgroup>> Cgroup::open_at(int parent, const std::string& name, std::string path,
                                                CgroupVersion version) {
  // An administrator's path may be a link (v1 controllers that are mounted together), no cgroup in it is one.
  constexpr int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  Descriptor fd(parent == AT_FDCWD ? ::open(name.c_str(), flags) : open_beneath(parent, name.c_str(), flags));
  struct stat status{};
  if (fd.get() < 0 || ::fstat(fd.get(), &status) != 0) return fail(last_error(), path + ": open");
  return std::shared_ptr<Cgroup>(
      new Cgroup(fd.release(), std::move(path), version, status.st_dev, status.st_ino));
}

Result<std::shared_ptr<Cgroup>> Cgroup::open(const std::string& path, CgroupVersion version) {
  return open_at(AT_FDCWD, path, path, version);
}

Result<std::shared_ptr<Cgroup>> Cgroup::open_child(const std::string& name) const {
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos) {
    return fail(Errc::invalid_argument, fmt::format("{}: \"{}\" is no child's name", path_, name));
  }
  return open_at(fd_, name, path_ + "/" + name, version_);
}

bool Cgroup::alive() const {
  return ::faccessat(fd_, "cgroup.procs", F_OK, 0) == 0;
}

Result<std::string> Cgroup::read_file(const char* name) const {
  return read_file(name, Holds::records);
}

Result<std::string> Cgroup::read_file(const char* name, Holds holds) const {
  const Descriptor fd(open_beneath(fd_, name, O_RDONLY));
  if (fd.get() < 0) return fail(last_error(), fmt::format("{}: open {}", path_, name));
  std::string text;
  char buffer[4096];
  for (bool more = true; more;) {
    const auto got = ::read(fd.get(), buffer, sizeof buffer);
    if (got < 0) return fail(last_error(), fmt::format("{}: read {}", path_, name));
    text.append(buffer, static_cast<std::size_t>(got));
    // The kernel breaks off between records, but gives as much of a value as there is room for.
    more = holds == Holds::records ? got > 0 : got == sizeof buffer;
  }
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

Result<void> Cgroup::write_file(const char* name, const std::string& text) const {
  const Descriptor fd(open_beneath(fd_, name, O_WRONLY));
  if (fd.get() < 0) return fail(last_error(), fmt::format("{}: open {}", path_, name));
  if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return fail(last_error(), fmt::format("{}: write {} \"{}\"", path_, name, text));
  }
  return {};
}

std::optional<std::string> Cgroup::attribute(const char* name) const {
  char text[4096];
  const auto size = ::fgetxattr(fd_, name, text, sizeof text);
  if (size < 0) return std::nullopt;
  return std::string(text, static_cast<std::size_t>(size));
}

Result<void> Cgroup::set_attribute(const char* name, const std::string& text) const {
  if (::fsetxattr(fd_, name, text.data(), text.size(), 0) == 0) return {};
  return fail(last_error(), fmt::format("{}: set attribute {}", path_, name));
}

Result<void> Cgroup::remove_attribute(const char* name) const {
  if (::fremovexattr(fd_, name) == 0 || errno == ENODATA) return {};
  return fail(last_error(), fmt::format("{}: remove attribute {}", path_, name));
}

template <class Set>
Result<void> Cgroup::read_set(const char* name, Set& set) const {
  auto text = read_file(name, Holds::one_value);
  if (!text) return fail(std::move(text.error()));
  auto parsed = Set::parse(*text);
  if (!parsed) return fail(std::move(parsed.error()).wrap(path_ + ": " + name));
  set = std::move(*parsed);
  return {};
}

Result<CpusetValues> Cgroup::read() const {
  auto values = read_effective();
  if (!values) return values;
  if (version_ == CgroupVersion::v1) {
    values->cpus = values->effective_cpus;
    values->mems = values->effective_mems;
    return values;
  }
  if (auto got = read_set("cpuset.cpus", values->cpus); !got) return fail(std::move(got.error()));
  if (auto got = read_set("cpuset.mems", values->mems); !got) return fail(std::move(got.error()));
  return values;
}

Result<CpusetValues> Cgroup::read_effective() const {
  const bool v1 = version_ == CgroupVersion::v1;
  CpusetValues values;
  if (auto got = read_set(v1 ? "cpuset.cpus" : "cpuset.cpus.effective", values.effective_cpus); !got)
    return fail(std::move(got.error()));
  if (auto got = read_set(v1 ? "cpuset.mems" : "cpuset.mems.effective", values.effective_mems); !got)
    return fail(std::move(got.error()));
  return values;
}

Result<void> Cgroup::write_cpus(const CpuSet& cpus) const {
  return write_file("cpuset.cpus", cpus.to_string());
}

Result<void> Cgroup::write_mems(const NumaSet& mems) const {
  // v1 leaves pages where they are unless told before; v2 always moves them.
  if (version_ == CgroupVersion::v1) {
    if (auto told = write_file("cpuset.memory_migrate", "1"); !told) return told;
  }
  return write_file("cpuset.mems", mems.to_string());
}

Result<void> Cgroup::inherit_cpus() const {
  return write_file("cpuset.cpus", "\n");
}

Result<void> Cgroup::inherit_mems() const {
  return write_file("cpuset.mems", "\n");
}

bool Cgroup::populated() const {
  const auto text = read_file("cgroup.events");
  return !text || !text->contains("populated 0");
}

Result<std::vector<std::string>> Cgroup::children() const {
  // A directory has a link from each one in it. Most cgroups have none, and are not worth a listing; where a
  // file system does not count them, it never says two.
  struct stat status{};
  if (::fstat(fd_, &status) == 0 && status.st_nlink == 2) return std::vector<std::string>();
  Descriptor fd(::openat(fd_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) return fail(last_error(), path_ + ": open");
  DIR* directory = ::fdopendir(fd.get());
  if (directory == nullptr) return fail(last_error(), path_ + ": list");
  fd.release();
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(directory)) {
    if (entry->d_type == DT_DIR && entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  ::closedir(directory);
  return names;
}

Result<std::vector<pid_t>> Cgroup::processes() const {
  const auto text = read_file("cgroup.procs");
  if (!text) return fail(text.error());
  std::vector<pid_t> pids;
  const char* at = text->data();
  const char* end = at + text->size();
  while (at < end) {
    pid_t pid = 0;
    const auto [next, failed] = std::from_chars(at, end, pid);
    if (failed == std::errc{}) pids.push_back(pid);
    at = next + 1;
  }
  return pids;
}

Result<void> Cgroup::attach(pid_t process) const {
  return write_file("cgroup.procs", std::to_string(process));
}

}  // namespace actimanager::host

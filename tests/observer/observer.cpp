// observer: where every thread below a kubepods cgroup may run, as /proc says, for as long as it is told to.
// It asks nobody else. Usage: observer KUBEPODS_DIRECTORY, until its standard input is closed; then it prints
// a line for each stretch of time in which a thread was seen with one set of CPUs in every round:
//
//     POD_UID THREAD NAME CPUS FIRST LAST RAN_OUTSIDE
//
// FIRST and LAST: nanoseconds of CLOCK_MONOTONIC, of the looks that saw it so, not of the change.
// RAN_OUTSIDE: how often the thread was seen running on a CPU that it was not allowed on just before and just
// after, the first look of a stretch left out. The last line is "rounds N".
//
// A thread that is being moved into a cgroup is listed there before the kernel gives it the cgroup's CPUs. So
// the first look at a thread that has others does not count where the cgroup had its own before and after it.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <map>
#include <poll.h>
#include <set>
#include <string>
#include <time.h>
#include <unistd.h>
#include <vector>

namespace {

struct Stretch {
  std::string uid, name, cpus;
  std::int64_t first = 0, last = 0;
  std::int64_t round = 0;
  int outside = 0;
};

std::int64_t now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

// "": it has gone.
std::string read_text(const std::string& path) {
  std::string text;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return text;
  char buffer[4096];
  while (true) {
    const auto got = ::read(fd, buffer, sizeof buffer);
    if (got <= 0) break;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(fd);
  return text;
}

std::vector<std::string> directories(const std::string& path) {
  std::vector<std::string> found;
  DIR* directory = ::opendir(path.c_str());
  if (directory == nullptr) return found;
  while (const dirent* entry = ::readdir(directory))
    if (entry->d_type == DT_DIR && entry->d_name[0] != '.') found.emplace_back(entry->d_name);
  ::closedir(directory);
  return found;
}

std::string after(const std::string& text, const std::string& key) {
  const auto at = text.find(key);
  if (at == std::string::npos) return {};
  const auto begin = text.find_first_not_of(" \t", at + key.size());
  return text.substr(begin, text.find('\n', begin) - begin);
}

bool contains(const std::string& list, int cpu) {
  for (std::size_t at = 0; at < list.size();) {
    const auto end = std::min(list.find(',', at), list.size());
    const auto part = list.substr(at, end - at);
    const auto dash = part.find('-');
    const int low = std::stoi(part);
    const int high = dash == std::string::npos ? low : std::stoi(part.substr(dash + 1));
    if (low <= cpu && cpu <= high) return true;
    at = end + 1;
  }
  return false;
}

class Observer {
 public:
  void look(const std::string& kubepods) {
    ++round_;
    walk(kubepods, "");
    for (auto it = open_.begin(); it != open_.end();) {
      if (it->second.round == round_) {
        ++it;
        continue;
      }
      closed_.emplace_back(it->first, std::move(it->second));
      it = open_.erase(it);
    }
  }

  void print() const {
    for (const auto& [thread, stretch] : closed_) print(thread, stretch);
    for (const auto& [thread, stretch] : open_) print(thread, stretch);
    std::printf("rounds %lld\n", static_cast<long long>(round_));
  }

 private:
  static void print(int thread, const Stretch& stretch) {
    std::printf("%s %d %s %s %lld %lld %d\n", stretch.uid.c_str(), thread, stretch.name.c_str(),
                stretch.cpus.c_str(), static_cast<long long>(stretch.first),
                static_cast<long long>(stretch.last), stretch.outside);
  }

  // The UID in the name of a Pod's cgroup: "pod<uid>", "kubepods-burstable-pod<uid with _>.slice".
  static std::string pod_uid(std::string name) {
    if (name.ends_with(".slice")) name = name.substr(0, name.size() - 6);
    const auto at = name.rfind("pod");
    if (at == std::string::npos || name.size() - at - 3 < 32) return {};
    auto uid = name.substr(at + 3);
    for (auto& c : uid)
      if (c == '_') c = '-';
    return uid;
  }

  void walk(const std::string& path, const std::string& uid) {
    if (!uid.empty()) threads(path, uid);
    for (const auto& name : directories(path)) walk(path + "/" + name, uid.empty() ? pod_uid(name) : uid);
  }

  // The CPUs a cgroup has.
  static std::string granted(const std::string& path) {
    auto cpus = read_text(path + "/cpuset.effective_cpus");               // v1
    if (cpus.empty()) cpus = read_text(path + "/cpuset.cpus.effective");  // v2
    return cpus.substr(0, cpus.find('\n'));
  }

  void threads(const std::string& path, const std::string& uid) {
    const auto cpus = granted(path);
    auto ids = read_text(path + "/tasks");                       // v1
    if (ids.empty()) ids = read_text(path + "/cgroup.threads");  // v2
    for (std::size_t at = 0; at < ids.size();) {
      const auto end = std::min(ids.find('\n', at), ids.size());
      thread(std::stoi(ids.substr(at, end - at)), uid, path, cpus);
      at = end + 1;
    }
  }

  // `before`: the CPUs its cgroup had when it was not looked at yet.
  void thread(int id, const std::string& uid, const std::string& path, const std::string& before) {
    const auto proc = "/proc/" + std::to_string(id);
    const auto status = read_text(proc + "/status");
    auto cpus = after(status, "Cpus_allowed_list:");
    if (cpus.empty()) return;
    const auto stat = read_text(proc + "/stat");
    const auto again = after(read_text(proc + "/status"), "Cpus_allowed_list:");
    // After the name in parentheses: the state, and 36 fields later the CPU it is on (proc(5)).
    int outside = 0;
    if (const auto close = stat.rfind(')'); close != std::string::npos && again == cpus) {
      std::size_t at = close + 2;
      const bool running = stat[at] == 'R';
      for (int field = 0; field < 36; ++field) at = stat.find(' ', at) + 1;
      outside = running && !contains(cpus, std::stoi(stat.substr(at))) ? 1 : 0;
    }
    auto name = after(status, "Name:");
    for (auto& c : name)
      if (c == ' ') c = '_';
    const auto time = now();
    const auto known = open_.find(id);
    if (known == open_.end() && cpus != before && granted(path) == before && arriving_.insert(id).second)
      return;
    arriving_.erase(id);
    if (known != open_.end() && known->second.cpus == cpus && known->second.uid == uid &&
        known->second.round >= round_ - 1) {
      known->second.last = time;
      known->second.round = round_;
      known->second.outside += outside;
      known->second.name = std::move(name);
      return;
    }
    if (known != open_.end()) {
      closed_.emplace_back(id, std::move(known->second));
      open_.erase(known);
    }
    // A thread that runs while its CPUs become others is moved a moment later: what counts is from the next
    // look on.
    open_.emplace(id, Stretch{uid, std::move(name), std::move(cpus), time, time, round_, 0});
  }

  std::int64_t round_ = 0;
  std::map<int, Stretch> open_;
  std::set<int> arriving_;  // looked at once, on CPUs that are not their cgroup's
  std::vector<std::pair<int, Stretch>> closed_;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: observer KUBEPODS_DIRECTORY\n");
    return 2;
  }
  Observer observer;
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  while (::poll(&input, 1, 1) == 0) observer.look(arguments[1]);
  observer.print();
}

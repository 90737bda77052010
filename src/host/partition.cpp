#include <ranges>
#include <utility>

#include <fmt/format.h>

#include <actimanager/host/partition.hpp>

namespace actimanager::host {
namespace {

constexpr const char* attribute = "user.actimanager.exclusive";
constexpr const char* partition_file = "cpuset.cpus.partition";
constexpr const char* exclusive_file = "cpuset.cpus.exclusive";
constexpr const char* member = "member";

std::optional<CpuSet> ours_in(const Cgroup& cgroup) {
  const auto text = cgroup.attribute(attribute);
  if (!text) return std::nullopt;
  auto cpus = CpuSet::parse(*text);
  return cpus ? std::optional(std::move(*cpus)) : std::optional(CpuSet());
}

Result<void> remember(const Cgroup& cgroup, const CpuSet& ours) {
  return ours.empty() ? cgroup.remove_attribute(attribute)
                      : cgroup.set_attribute(attribute, ours.to_string());
}

bool is_above(const Cgroup& level, std::string_view path) {
  return path.starts_with(level.path() + "/");
}

Result<void> unless_gone(Result<void> done) {
  return !done && is_gone(done.error()) ? Result<void>() : std::move(done);
}

}  // namespace

bool is_isolated(std::string_view partition) {
  return partition == "isolated";
}

ExclusiveList next_list(const ExclusiveList& has, const CpuSet& wanted) {
  const auto others = has.cpus - has.ours;
  return {others | wanted, wanted - others};
}

void Partitions::look(const std::vector<PodCgroup>& pods) {
  held_.clear();
  if (tree_.version() == CgroupVersion::v1) return;
  for (const auto& pod : pods) {
    if (auto ours = ours_in(*pod.cgroup)) held_.emplace(pod.uid, Held{pod.cgroup->path(), std::move(*ours)});
  }
}

const CpuSet* Partitions::of(const std::string& uid) const {
  const auto it = held_.find(uid);
  return it == held_.end() ? nullptr : &it->second.cpus;
}

CpuSet Partitions::wanted_below(const Cgroup& level) const {
  CpuSet wanted;
  for (const auto& [uid, held] : held_)
    if (is_above(level, held.path)) wanted |= held.cpus;
  return wanted;
}

Result<void> Partitions::write(const Cgroup& cgroup, const char* file, std::string before,
                               std::string after) {
  if (!dry_run_) {
    if (auto written = cgroup.write_file(file, after.empty() ? "\n" : after); !written) return written;
  }
  changes_.push_back({cgroup.path(), file, std::move(before), std::move(after)});
  return {};
}

// What is ours is remembered before it is in the file, and until it is out of it.
Result<void> Partitions::claim(const Cgroup& cgroup, const CpuSet& wanted) {
  const auto ours = ours_in(cgroup);
  if (!ours && wanted.empty()) return {};
  const auto text = cgroup.read_file(exclusive_file);
  // The hierarchy's top has no such file, and no kernel before 6.7.
  if (!text) return is_gone(text.error()) ? Result<void>() : fail(text.error());
  auto listed = CpuSet::parse(*text);
  if (!listed) return fail(std::move(listed.error()).wrap(cgroup.path() + ": " + exclusive_file));
  const ExclusiveList has{std::move(*listed), ours.value_or(CpuSet())};
  const auto next = next_list(has, wanted);
  if (next == has) return {};
  if (!dry_run_) {
    if (auto noted = remember(cgroup, has.ours | next.ours); !noted) return noted;
  }
  if (next.cpus != has.cpus) {
    auto written = write(cgroup, exclusive_file, has.cpus.to_string(), next.cpus.to_string());
    if (!written) return written;
  }
  return dry_run_ ? Result<void>() : remember(cgroup, next.ours);
}

Result<void> Partitions::make(const PodCgroup& pod, const CpuSet& cpus) {
  for (const auto& level : tree_.levels()) {  // parents first
    if (!is_above(*level, pod.cgroup->path())) continue;
    if (auto claimed = claim(*level, wanted_below(*level)); !claimed) return claimed;
  }
  if (auto claimed = claim(*pod.cgroup, cpus); !claimed) return claimed;
  auto written = write(*pod.cgroup, partition_file, member, "isolated");
  if (!written) return written;
  const auto says = pod.cgroup->read_file(partition_file);
  if (!says) return fail(says.error());
  if (is_isolated(*says)) return {};
  return fail(Errc::conflict, fmt::format("{}: {}: {}", pod.cgroup->path(), partition_file, *says));
}

Result<void> Partitions::enter(const PodCgroup& pod, const CpuSet& cpus) {
  if (tree_.version() == CgroupVersion::v1)
    return fail(std::make_error_code(std::errc::not_supported), "cgroup v1 has no partitions");
  if (const auto* held = of(pod.uid)) {
    const auto says = pod.cgroup->read_file(partition_file);
    if (says && is_isolated(*says) && *held == cpus) return {};
    if (auto left = leave(pod); !left) return left;
  }
  if (auto noted = remember(*pod.cgroup, cpus); !noted) return noted;
  held_.insert_or_assign(pod.uid, Held{pod.cgroup->path(), cpus});
  auto made = make(pod, cpus);
  if (!made) {
    // What the kernel refused is what is to be told.
    auto undone = leave(pod);
    if (undone) undone = trim();
    if (!undone) made.error().context += "; " + undone.error().message();
  }
  return made;
}

Result<void> Partitions::leave(const PodCgroup& pod) {
  if (of(pod.uid) == nullptr) return {};
  const auto says = pod.cgroup->read_file(partition_file);
  if (says && *says != member) {
    if (auto written = write(*pod.cgroup, partition_file, *says, member);
        !written && !is_gone(written.error()))
      return written;
  }
  if (auto claimed = unless_gone(claim(*pod.cgroup, {})); !claimed) return claimed;
  if (!dry_run_) {
    if (auto removed = unless_gone(remember(*pod.cgroup, {})); !removed) return removed;
  }
  forget(pod.uid);
  return {};
}

Result<void> Partitions::trim() {
  for (const auto& level : std::views::reverse(tree_.levels())) {  // children first
    if (auto claimed = unless_gone(claim(*level, wanted_below(*level))); !claimed) return claimed;
  }
  return {};
}

}  // namespace actimanager::host

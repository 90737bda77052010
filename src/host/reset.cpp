#include <algorithm>

#include <fmt/format.h>

#include <actimanager/host/cfs_quota.hpp>
#include <actimanager/host/partition.hpp>
#include <actimanager/host/reset.hpp>

#include "cgroup_handles.hpp"

namespace actimanager::host {
namespace {

constexpr int max_passes = 4;

// What to write to a file that has `has`, below a parent that grants `parent`; nullopt: it is right.
template <class Set>
std::optional<Set> wider(const Set& has, const Set& parent, bool populated, CgroupVersion version) {
  if (version == CgroupVersion::v1) return has == parent ? std::nullopt : std::optional(parent);
  if (has.empty()) return std::nullopt;
  if (!populated) return Set();
  return has.includes(parent) ? std::nullopt : std::optional(parent);
}

void plan(const ResetNode& node, const CpusetValues& parent, CgroupVersion version,
          std::vector<std::size_t>& at, std::vector<CpusetWrite>& writes) {
  if (auto cpus = wider(node.has.cpus, parent.effective_cpus, node.populated, version))
    writes.push_back({at, std::move(cpus), std::nullopt});
  if (auto mems = wider(node.has.mems, parent.effective_mems, node.populated, version))
    writes.push_back({at, std::nullopt, std::move(mems)});
  // From here on it has what its parent has.
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    at.push_back(i);
    plan(node.children[i], parent, version, at, writes);
    at.pop_back();
  }
}

// Adds the cgroup and what is below it. One that is gone is left out.
Result<void> read_into(std::vector<ResetNode>& nodes, std::vector<CgroupHandles>& handles,
                       const std::shared_ptr<Cgroup>& cgroup, const std::vector<NestedCgroup>& below) {
  auto values = cgroup->read();
  if (!values) return is_gone(values.error()) ? Result<void>() : fail(std::move(values.error()));
  ResetNode node{std::move(*values), cgroup->populated(), {}};
  CgroupHandles handle{cgroup, {}};
  for (const auto& nested : below) {
    if (auto read = read_into(node.children, handle.children, nested.cgroup, nested.nested); !read)
      return read;
  }
  nodes.push_back(std::move(node));
  handles.push_back(std::move(handle));
  return {};
}

std::vector<NestedCgroup> below(const PodCgroup& pod) {
  std::vector<NestedCgroup> containers;
  for (const auto& container : pod.containers) containers.push_back({container.cgroup, container.nested});
  return containers;
}

Result<void> carry_out(const Cgroup& cgroup, const CpusetWrite& write) {
  if (write.cpus) return write.cpus->empty() ? cgroup.inherit_cpus() : cgroup.write_cpus(*write.cpus);
  return write.mems->empty() ? cgroup.inherit_mems() : cgroup.write_mems(*write.mems);
}

class Reset {
 public:
  Reset(CgroupTree& tree, bool dry_run, CpuSet given_back = {})
      : tree_(tree), dry_run_(dry_run), given_back_(std::move(given_back)) {}

  Result<ResetReport> run() {
    for (int round = 0; round < (dry_run_ ? 1 : max_passes); ++round) {
      report_.errors.clear();
      const auto pods = tree_.scan();
      if (!pods) return fail(pods.error());
      report_.pods = static_cast<int>(pods->size());
      bool written = false;
      for (const auto& pod : *pods) {
        written = reset(pod) || written;
      }
      if (!written) return std::move(report_);
    }
    if (!dry_run_)
      report_.errors.push_back(
          {Errc::conflict, tree_.root().path() + ": somebody else keeps writing cpusets; an agent?"});
    return std::move(report_);
  }

 private:
  // Whether anything was written.
  bool reset(const PodCgroup& pod) {
    const auto& path = pod.cgroup->path();
    const auto level =
        std::ranges::find(tree_.levels(), path.substr(0, path.rfind('/')),
                          [](const auto& cgroup) -> const std::string& { return cgroup->path(); });
    if (level == tree_.levels().end()) return false;
    auto parent = (*level)->read();
    if (!parent) return refused(parent.error());
    parent->effective_cpus |= given_back_;
    std::vector<ResetNode> nodes;
    std::vector<CgroupHandles> handles;
    if (auto read = read_into(nodes, handles, pod.cgroup, below(pod)); !read) return refused(read.error());
    if (nodes.empty()) return false;
    bool written = false;
    for (const auto& write : plan_reset(nodes[0], *parent, tree_.version())) {
      const auto* node = nodes.data();
      const auto* at = handles.data();
      for (const auto index : write.node) {
        node = &node->children[index];
        at = &at->children[index];
      }
      auto done = dry_run_ ? Result<void>() : carry_out(*at->cgroup, write);
      if (!done && is_gone(done.error())) continue;
      if (!done) {
        refused(done.error());
        continue;
      }
      note(*at->cgroup, write, node->has);
      written = true;
    }
    return written;
  }

  // Returns that nothing was written.
  bool refused(const Error& error) {
    report_.errors.push_back(error);
    return false;
  }

  void note(const Cgroup& cgroup, const CpusetWrite& write, const CpusetValues& before) {
    const bool cpus = write.cpus.has_value();
    FileChange change{.path = cgroup.path(),
                      .file = cpus ? "cpuset.cpus" : "cpuset.mems",
                      .before = cpus ? before.cpus.to_string() : before.mems.to_string(),
                      .after = cpus ? write.cpus->to_string() : write.mems->to_string()};
    if (!dry_run_) {
      if (const auto now = cgroup.read()) change.after = cpus ? now->cpus.to_string() : now->mems.to_string();
    }
    // Written once more in a later round: it still began where it began.
    const auto known = std::ranges::find_if(report_.changes, [&](const FileChange& other) {
      return other.path == change.path && other.file == change.file;
    });
    if (known == report_.changes.end()) {
      report_.changes.push_back(std::move(change));
    } else {
      known->after = std::move(change.after);
    }
  }

  CgroupTree& tree_;
  bool dry_run_;
  CpuSet given_back_;  // of a dry run
  ResetReport report_;
};

// Where the quotas are.
Result<ResetReport> reset_quotas_in(CgroupTree& tree, QuotaWish wish, bool dry_run) {
  ResetReport report;
  const auto pods = tree.scan();
  if (!pods) return fail(pods.error());
  report.pods = static_cast<int>(pods->size());
  for (const auto& pod : *pods) {
    auto settled = settle_quotas(pod, wish, dry_run);
    if (settled.error) report.errors.push_back(std::move(*settled.error));
    for (const auto& change : settled.changes) {
      report.changes.push_back({.path = change.path,
                                .file = tree.version() == CgroupVersion::v1 ? "cpu.cfs_quota_us" : "cpu.max",
                                .before = to_string(change.before),
                                .after = to_string(change.after)});
    }
  }
  return report;
}

}  // namespace

std::vector<CpusetWrite> plan_reset(const ResetNode& pod, const CpusetValues& parent, CgroupVersion version) {
  std::vector<CpusetWrite> writes;
  std::vector<std::size_t> at;
  plan(pod, parent, version, at, writes);
  return writes;
}

Result<ResetReport> reset_cpusets(CgroupTree& tree) {
  return Reset(tree, false).run();
}

Result<ResetReport> plan_reset_cpusets(CgroupTree& tree, const CpuSet& given_back) {
  return Reset(tree, true, given_back).run();
}

Result<ResetReport> reset_partitions(CgroupTree& tree, bool dry_run) {
  ResetReport report;
  const auto pods = tree.scan();
  if (!pods) return fail(pods.error());
  report.pods = static_cast<int>(pods->size());
  Partitions partitions(tree, dry_run);
  partitions.look(*pods);
  const auto note = [&](Result<void> done) {
    if (!done) report.errors.push_back(std::move(done.error()));
  };
  for (const auto& pod : *pods) {
    if (const auto* held = partitions.of(pod.uid)) report.given_back |= *held;
    note(partitions.leave(pod));
  }
  note(partitions.trim());
  report.changes = partitions.take_changes();
  return report;
}

Result<ResetReport> reset_quotas(CgroupTree& tree, QuotaWish wish, bool dry_run) {
  if (tree.version() == CgroupVersion::v2) return reset_quotas_in(tree, wish, dry_run);
  auto with_cpu = tree.beside_with_cpu();
  return reset_quotas_in(with_cpu ? *with_cpu : tree, wish, dry_run);
}

}  // namespace actimanager::host

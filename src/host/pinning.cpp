#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include <actimanager/host/pinning.hpp>

#include "cgroup_handles.hpp"

namespace actimanager::host {
namespace {

constexpr int max_rounds = 4;

// CPUs and memory nodes are planned by the same rules; a Part says which of the two.
struct CpuPart {
  using Set = CpuSet;
  static const Set& has(const CpusetNode& node) { return node.has.cpus; }
  static const Set& wants(const CpusetNode& node) { return node.wants.cpus; }
  static CpusetWrite write(std::vector<std::size_t> node, Set set) {
    return {std::move(node), std::move(set), {}};
  }
  static const Set& in_force(const CpusetValues& values) { return values.effective_cpus; }
  static constexpr const char* what = "CPU";
};
struct MemPart {
  using Set = NumaSet;
  static const Set& has(const CpusetNode& node) { return node.has.mems; }
  static const Set& wants(const CpusetNode& node) { return node.wants.mems; }
  static CpusetWrite write(std::vector<std::size_t> node, Set set) {
    return {std::move(node), {}, std::move(set)};
  }
  static const Set& in_force(const CpusetValues& values) { return values.effective_mems; }
  static constexpr const char* what = "memory node";
};

template <class Part>
class Planner {
 public:
  using Set = typename Part::Set;
  Planner(CgroupVersion version, std::vector<CpusetWrite>& writes) : version_(version), writes_(writes) {}

  void plan(const CpusetNode& root) {
    if (Part::wants(root).empty()) return;
    visit(root, Part::wants(root), nullptr);
  }

 private:
  void visit(const CpusetNode& node, const Set& want, const Set* parent_want) {
    Set first = want;
    if (version_ == CgroupVersion::v1) {
      // Wide enough for the children as they are, until they have been narrowed.
      for (const auto& child : node.children)
        if (!want.includes(Part::has(child))) first |= Part::has(node);
      first |= want;
    }
    const bool inherits = version_ == CgroupVersion::v2 && Part::has(node).empty() &&
                          (parent_want == nullptr ? Part::in_force(node.has) == want : *parent_want == want);
    if (!inherits && Part::has(node) != first) writes_.push_back(Part::write(at_, first));
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      auto child_want = Part::wants(node.children[i]) & want;
      if (child_want.empty()) child_want = want;
      at_.push_back(i);
      visit(node.children[i], child_want, &want);
      at_.pop_back();
    }
    if (first != want) writes_.push_back(Part::write(at_, want));
  }

  CgroupVersion version_;
  std::vector<CpusetWrite>& writes_;
  std::vector<std::size_t> at_;
};

Result<CpusetNode> read_node(const Cgroup& cgroup, const CpusetTarget& wants) {
  auto values = cgroup.read();
  if (!values) return fail(std::move(values.error()));
  return CpusetNode{std::move(*values), wants, {}};
}

// Reads a cgroup and what is below it. Children that are gone are left out.
template <class Below>
Result<CpusetNode> read_tree(const Cgroup& cgroup, const CpusetTarget& wants, CgroupHandles& handles,
                             const Below& below) {
  auto node = read_node(cgroup, wants);
  if (!node) return node;
  for (const auto& child : below) {
    CgroupHandles inner{child.cgroup, {}};
    auto read = read_tree(*child.cgroup, wants, inner, child.nested);
    if (!read && is_gone(read.error())) continue;
    if (!read) return read;
    node->children.push_back(std::move(*read));
    handles.children.push_back(std::move(inner));
  }
  return node;
}

const CpusetTarget& target_of(const PodTarget& target, const std::string& container) {
  const auto it = target.containers.find(container);
  return it == target.containers.end() ? target.pod : it->second;
}

// Those below a container that are kept on its set. On v2 the others cannot leave it, and may be narrower.
std::vector<NestedCgroup> followed(const ContainerCgroup& container, CgroupVersion version) {
  if (version == CgroupVersion::v1) return container.nested;
  const auto* inner = container.inner();
  return inner == nullptr ? std::vector<NestedCgroup>() : std::vector{NestedCgroup{*inner, {}}};
}

Error without_cpuset(const Cgroup& cgroup) {
  return {Errc::unavailable,
          cgroup.path() + ": has no cpuset: the level above does not pass it on, or not yet"};
}

// `unready`: which container that is to have its own set cannot have one yet.
Result<CpusetNode> read_pod(const PodCgroup& pod, const PodTarget& target, CgroupHandles& handles,
                            std::vector<std::string>& ids, std::optional<Error>& unready) {
  handles.cgroup = pod.cgroup;
  auto root = read_node(*pod.cgroup, target.pod);
  if (!root) return root;
  for (const auto& container : pod.containers) {
    CgroupHandles inner{container.cgroup, {}};
    auto node = read_tree(*container.cgroup, target_of(target, container.id), inner,
                          followed(container, pod.cgroup->version()));
    if (!node && is_gone(node.error())) {
      // Without a cpuset of its own it is on its Pod's CPUs.
      if (target.containers.contains(container.id) && container.cgroup->alive())
        unready = without_cpuset(*container.cgroup);
      continue;
    }
    if (!node) return node;
    root->children.push_back(std::move(*node));
    handles.children.push_back(std::move(inner));
    ids.push_back(container.id);
  }
  return root;
}

void note_differences(PinReport& report, const CpusetNode& root, const std::vector<std::string>& ids,
                      const std::vector<CpusetWrite>& writes) {
  std::vector<std::string> seen;
  for (const auto& write : writes) {
    const auto& id = write.node.empty() ? std::string() : ids[write.node[0]];
    if (std::ranges::find(seen, id) != seen.end()) continue;
    seen.push_back(id);
    const auto* node = &root;
    for (const auto index : write.node) node = &node->children[index];
    report.differences.push_back({id, node->has.effective_cpus, node->wants.cpus, node->has.cpus.empty()});
  }
}

// Of a Pod whose files are as they should be: what it is not given of that, and by whom. What the top of the
// hierarchy has not got is offline, and withheld by nobody.
template <class Part>
std::optional<Error> withheld(const CgroupTree& tree, const std::string& pod, const CpusetNode& root) {
  auto lost = Part::wants(root) - Part::in_force(root.has);
  for (const auto& level : tree.levels()) {  // parents first
    if (lost.empty()) break;
    const bool top = level->path() == tree.root().path();
    if (!top && !pod.starts_with(level->path() + "/")) continue;
    const auto has = level->read_effective();
    if (!has) continue;
    const auto& in_force = Part::in_force(*has);
    if (top) {
      lost &= in_force;
    } else if (!in_force.includes(lost)) {
      return Error{Errc::unavailable, fmt::format("{} {} is not granted: {} has only {}", Part::what,
                                                  lost.to_string(), level->path(), in_force.to_string())};
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<CpusetWrite> plan_writes(const CpusetNode& root, CgroupVersion version) {
  std::vector<CpusetWrite> writes;
  Planner<CpuPart>(version, writes).plan(root);
  Planner<MemPart>(version, writes).plan(root);
  return writes;
}

PinReport pin(CgroupTree& tree, PodCgroup pod, const PodTarget& target) {
  PinReport report;
  for (int round = 0;; ++round) {
    if (round > 0) {
      auto again = tree.find_pod(pod.uid);
      if (!again) {
        report.gone = !tree.exhaustion();
        if (!report.gone) report.error = tree.exhaustion();
        return report;
      }
      pod = std::move(*again);
    }
    CgroupHandles handles;
    std::vector<std::string> ids;
    std::optional<Error> unready;
    const auto root = read_pod(pod, target, handles, ids, unready);
    if (!root) {
      report.unready = is_gone(root.error()) && pod.cgroup->alive();
      report.gone = is_gone(root.error()) && !report.unready;
      if (!report.gone) report.error = report.unready ? without_cpuset(*pod.cgroup) : root.error();
      return report;
    }
    report.unready = unready.has_value();
    report.pod = root->has.effective_cpus;
    report.containers.clear();
    for (std::size_t i = 0; i < ids.size(); ++i) report.containers.emplace(ids[i], root->children[i].has);

    const auto writes = plan_writes(*root, tree.version());
    if (round == 0) note_differences(report, *root, ids, writes);
    if (writes.empty()) {
      report.error = std::move(unready);
      if (report.error || tree.version() == CgroupVersion::v1) return report;
      report.withheld = withheld<CpuPart>(tree, pod.cgroup->path(), *root);
      if (!report.withheld) report.withheld = withheld<MemPart>(tree, pod.cgroup->path(), *root);
      return report;
    }
    if (round == max_rounds) {
      if (!report.error) {
        report.error =
            Error{Errc::conflict, pod.cgroup->path() + ": somebody else keeps writing cpuset.cpus"};
      }
      return report;
    }
    report.error.reset();
    for (const auto& write : writes) {
      const CgroupHandles* at = &handles;
      for (const auto index : write.node) at = &at->children[index];
      const auto& cgroup = *at->cgroup;
      auto written = write.cpus ? cgroup.write_cpus(*write.cpus) : cgroup.write_mems(*write.mems);
      if (!written && !is_gone(written.error())) {
        // A child may have appeared since we looked (EBUSY, v1): look again. The other containers are written
        // all the same.
        if (!report.error) report.error = std::move(written.error());
      }
      if (written) ++report.writes;
    }
  }
}

}  // namespace actimanager::host

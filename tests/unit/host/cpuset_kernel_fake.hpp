// CpusetKernelFake: the rules by which a kernel takes or refuses a write to a cpuset, on a tree of its own
// (kernel/cgroup/cpuset.c, validate_change; Documentation/admin-guide/cgroup-v1/cpusets.rst and
// cgroup-v2.rst).
#pragma once

#include <cerrno>

#include <actimanager/host/pinning.hpp>

namespace actimanager::host::testing {

class CpusetKernelFake {
 public:
  // `parent`: what the cgroup above the root has. `root`: what everyone has at first; its wants mean nothing
  // here.
  CpusetKernelFake(CgroupVersion version, CpusetValues parent, CpusetNode root)
      : version_(version), parent_(std::move(parent)), root_(std::move(root)) {
    settle(root_, parent_);
  }

  const CpusetNode& root() const { return root_; }

  // 0, or the errno of a refusal, which changes nothing.
  int write(const CpusetWrite& write) {
    const auto* above = &parent_;
    auto* node = &root_;
    for (const auto index : write.node) {
      above = &node->has;
      node = &node->children.at(index);
    }
    const int error = write.cpus ? check(*write.cpus, *above, *node, &CpusetValues::cpus)
                                 : check(*write.mems, *above, *node, &CpusetValues::mems);
    if (error != 0) return error;
    if (write.cpus) node->has.cpus = *write.cpus;
    if (write.mems) node->has.mems = *write.mems;
    settle(root_, parent_);
    return 0;
  }

 private:
  template <class Set>
  int check(const Set& set, const CpusetValues& above, const CpusetNode& node,
            Set CpusetValues::* part) const {
    if (set.empty()) return ENOSPC;  // every cgroup here has processes
    if (version_ == CgroupVersion::v2) return 0;
    if (!(above.*part).includes(set)) return EACCES;
    for (const auto& child : node.children) {
      if (!set.includes(child.has.*part)) return EBUSY;
    }
    return 0;
  }
  void settle(CpusetNode& node, const CpusetValues& above) const {
    if (version_ == CgroupVersion::v1) {
      node.has.effective_cpus = node.has.cpus;
      node.has.effective_mems = node.has.mems;
    } else {
      node.has.effective_cpus = node.has.cpus & above.effective_cpus;
      if (node.has.effective_cpus.empty()) node.has.effective_cpus = above.effective_cpus;
      node.has.effective_mems = node.has.mems & above.effective_mems;
      if (node.has.effective_mems.empty()) node.has.effective_mems = above.effective_mems;
    }
    for (auto& child : node.children) settle(child, node.has);
  }

  CgroupVersion version_;
  CpusetValues parent_;
  CpusetNode root_;
};

}  // namespace actimanager::host::testing

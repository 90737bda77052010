// PodKind: what wishes of other Pods see of a Pod, and what it wishes of them. A controller's Pods are of one
// kind, so that whoever counts Pods looks at a few kinds on each node, not at every Pod.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include <actimanager/api/pod.hpp>

namespace actimanager::scheduler {

struct PodKind {
  std::uint32_t id = 0;  // small, and of no other kind of the same PodKinds that somebody has
  std::string namespace_;
  Shared<api::StringMap> labels;
  bool leaving = false;       // is being deleted
  Shared<api::PodSpec> spec;  // of one of them: they have their wishes in common

  const api::PodAffinity& affinity() const { return spec->pod_affinity; }
  const api::PodAffinity& anti_affinity() const { return spec->pod_anti_affinity; }
  bool has_affinity() const { return !affinity().empty() || !anti_affinity().empty(); }
};
using PodKindPointer = std::shared_ptr<const PodKind>;

// The kinds there are, each once.
class PodKinds {
 public:
  PodKindPointer of(const api::Pod& pod);
  // All that somebody has, and some that nobody has any more.
  std::size_t size() const { return kinds_.size(); }
  auto begin() const { return kinds_.begin(); }
  auto end() const { return kinds_.end(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const api::Pod& pod) const;
    std::size_t operator()(const PodKindPointer& kind) const;
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const api::Pod& pod, const PodKindPointer& kind) const;
    bool operator()(const PodKindPointer& kind, const api::Pod& pod) const { return (*this)(pod, kind); }
    bool operator()(const PodKindPointer& a, const PodKindPointer& b) const { return a == b; }
  };
  void drop_unused();

  std::unordered_set<PodKindPointer, Hash, Equal> kinds_;
  std::vector<std::uint32_t> free_ids_;
  std::size_t most_ = 64;  // kinds, until the unused ones are dropped
};

}  // namespace actimanager::scheduler

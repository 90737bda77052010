#include <algorithm>
#include <functional>

#include <actimanager/scheduler/pod_kind.hpp>

namespace actimanager::scheduler {
namespace {

std::size_t hash_of(const std::string& pod_namespace, const api::StringMap& labels, bool leaving) {
  const std::hash<std::string> text;
  std::size_t hash = text(pod_namespace) + (leaving ? 1 : 0);
  for (const auto& [key, value] : labels) hash = (hash ^ text(key)) * 31 + text(value);
  return hash;
}

bool is_leaving(const api::Pod& pod) {
  return pod.meta.deletion_timestamp.has_value();
}

bool wish_the_same(const Shared<api::PodSpec>& a, const Shared<api::PodSpec>& b) {
  return a.shares_with(b) ||
         (a->pod_affinity == b->pod_affinity && a->pod_anti_affinity == b->pod_anti_affinity);
}

}  // namespace

std::size_t PodKinds::Hash::operator()(const api::Pod& pod) const {
  return hash_of(pod.meta.namespace_, *pod.meta.labels, is_leaving(pod));
}
std::size_t PodKinds::Hash::operator()(const PodKindPointer& kind) const {
  return hash_of(kind->namespace_, *kind->labels, kind->leaving);
}

bool PodKinds::Equal::operator()(const api::Pod& pod, const PodKindPointer& kind) const {
  return is_leaving(pod) == kind->leaving && pod.meta.namespace_ == kind->namespace_ &&
         pod.meta.labels == kind->labels && wish_the_same(pod.spec, kind->spec);
}

PodKindPointer PodKinds::of(const api::Pod& pod) {
  if (const auto it = kinds_.find(pod); it != kinds_.end()) return *it;
  if (kinds_.size() >= most_) drop_unused();
  auto kind = std::make_shared<PodKind>(PodKind{.id = static_cast<std::uint32_t>(kinds_.size()),
                                                .namespace_ = pod.meta.namespace_,
                                                .labels = pod.meta.labels,
                                                .leaving = is_leaving(pod),
                                                .spec = pod.spec});
  // Every id below the number of kinds is taken or free: see drop_unused().
  if (!free_ids_.empty()) {
    kind->id = free_ids_.back();
    free_ids_.pop_back();
  }
  return *kinds_.insert(std::move(kind)).first;
}

void PodKinds::drop_unused() {
  std::erase_if(kinds_, [](const PodKindPointer& kind) { return kind.use_count() == 1; });
  std::vector<bool> taken;
  for (const auto& kind : kinds_) {
    if (kind->id >= taken.size()) taken.resize(kind->id + 1);
    taken[kind->id] = true;
  }
  free_ids_.clear();
  for (std::size_t id = taken.size(); id-- > 0;) {
    if (!taken[id]) free_ids_.push_back(static_cast<std::uint32_t>(id));
  }
  most_ = std::max<std::size_t>(64, 2 * kinds_.size());
}

}  // namespace actimanager::scheduler

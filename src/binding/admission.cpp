#include <algorithm>
#include <numeric>
#include <set>
#include <unordered_map>

#include <fmt/format.h>

#include <actimanager/allocator/exclusiveness.hpp>
#include <actimanager/api/names.hpp>
#include <actimanager/binding/admission.hpp>
#include <actimanager/binding/desired.hpp>

namespace actimanager::binding {
namespace {

using api::BindingStatus;
using Grant = api::PodCPUBinding::Admitted;

struct Refusal {
  BindingStatus status;
  std::string reason, message;
};

bool earlier(const api::PodCPUBinding& a, const api::PodCPUBinding& b) {
  return std::tie(a.meta.creation_timestamp, a.meta.uid, a.meta.namespace_, a.meta.name) <
         std::tie(b.meta.creation_timestamp, b.meta.uid, b.meta.namespace_, b.meta.name);
}

// Who may be judged at all: whose Pod is here, alive and the right one.
void find_pod(Verdict& verdict, const PodLookup& pods) {
  const auto& binding = *verdict.binding;
  if (binding.meta.deletion_timestamp) return;
  auto pod = pods.by_key(binding.pod_key());
  const auto owner = binding.owner_uid();
  if (!pod || (!owner.empty() && owner != pod->meta.uid)) {
    // Its Pod is not here: gone, if we have granted it CPUs or another has come after it; on its way, if the
    // scheduler has just made it for this node. Such a one is labelled with the node from the start (one that
    // is not would be every node's), and its owner is nobody who is here under another name.
    const bool replaced = pod && pod->meta.creation_timestamp >= binding.meta.creation_timestamp;
    const bool on_its_way = binding.is_scheduler_made() &&
                            binding.meta.label(api::node_name_label) != nullptr && !binding.status.admitted &&
                            !replaced && !pods.has_uid(owner);
    if (on_its_way) verdict.kind = Verdict::Kind::refused;
    return;
  }
  if (pod->finished()) return;
  verdict.pod = std::move(pod);
  verdict.kind = Verdict::Kind::refused;  // until admitted
}

// A grant counts only with the owner that is set together with it: a Pod of the same name does not inherit
// it.
bool holds_grant(const Verdict& verdict) {
  const auto& binding = *verdict.binding;
  return verdict.kind != Verdict::Kind::not_ours && binding.status.admitted && !binding.owner_uid().empty() &&
         !binding.status.admitted->cpu_set.empty();
}

class Judge {
 public:
  Judge(const NodeFacts& node, std::vector<Verdict>& verdicts) : node_(node), verdicts_(verdicts) {}

  // What is granted already, oldest first. Grants that contradict each other were not written by one agent:
  // the older stands, the other is judged anew. No grant is withdrawn because CPUs went offline, or the pool
  // with them.
  void keep_granted(std::size_t index) {
    auto& verdict = verdicts_[index];
    auto grant = *verdict.binding->status.admitted;
    grant.exclusive_cpus -= node_.reserved;
    if (conflict(index, grant.cpu_set, grant.exclusive_cpus, {})) return;
    if (in_force(verdict, grant)) grant.containers = verdict.binding->spec.containers;
    verdict.kind = Verdict::Kind::admitted;
    verdict.offline = grant.cpu_set - node_.topology->cpus();
    verdict.containers = grant.containers;
    verdict.grant = std::move(grant);
    take(index);
  }

  // All others, oldest first. An edit that is granted frees what was granted before: somebody older may want
  // it.
  void judge_all(const std::vector<std::size_t>& order) {
    for (bool again = true; again;) {
      for (const auto index : order) make_exclusive(index);
      again = std::ranges::any_of(order, [&](std::size_t index) { return judge(index); });
    }
    // Who is refused is settled; once more for the reasons, which may lie in what was granted after them.
    for (const auto index : order) judge(index);
  }

  // Where CPUs went offline under the grants until none is left for the shared pool, everybody is on all of
  // them: see desired_cpusets().
  void note_shared() {
    if (held_.empty()) return;
    const auto& online = node_.topology->cpus();
    if (!(online - exclusive_).empty()) return;
    for (const auto index : held_)
      verdicts_[index].not_exclusive |= verdicts_[index].grant->exclusive_cpus & online;
  }

 private:
  static bool in_force(const Verdict& verdict, const Grant& grant) {
    return grant.generation == verdict.binding->meta.generation;
  }

  // What the level of a grant asks for, and it has not: CPUs that have come online or are no longer reserved.
  void make_exclusive(std::size_t index) {
    auto& verdict = verdicts_[index];
    if (!verdict.admitted() || !in_force(verdict, *verdict.grant)) return;
    const auto missing = exclusive_of(verdict.binding->spec) - verdict.grant->exclusive_cpus;
    verdict.not_exclusive = missing;
    if (missing.empty()) return;
    release(index);
    const auto gained = missing - node_.reserved - exclusive_ - named_;
    const auto exclusive = exclusive_ | verdict.grant->exclusive_cpus | gained;
    if (!(node_.topology->cpus() - exclusive).empty()) {
      verdict.grant->exclusive_cpus |= gained;
      verdict.not_exclusive -= gained;
    }
    take(index);
  }

  // A new or edited spec. Whether CPUs became free.
  bool judge(std::size_t index) {
    auto& verdict = verdicts_[index];
    const bool edited = verdict.admitted();
    if (edited && in_force(verdict, *verdict.grant)) return false;
    if (edited) release(index);
    if (auto refusal = refuse(index)) {
      verdict.refusal = refusal->status;
      verdict.reason = std::move(refusal->reason);
      verdict.message = std::move(refusal->message);
      if (edited) take(index);
      return false;
    }
    const auto& binding = *verdict.binding;
    const auto& spec = binding.spec;
    verdict.kind = Verdict::Kind::admitted;
    verdict.grant = Grant{.generation = binding.meta.generation,
                          .cpu_set = spec.cpu_set,
                          .exclusive_cpus = exclusive_of(spec),
                          .containers = spec.containers,
                          .cfs_quota = spec.cfs_quota,
                          .isolation = spec.isolation};
    verdict.containers = spec.containers;
    verdict.offline.clear();
    verdict.refusal = BindingStatus::unset;
    verdict.reason.clear();
    verdict.message.clear();
    take(index);
    return edited;
  }

  CpuSet exclusive_of(const api::PodCPUBinding::Spec& spec) const {
    return allocator::exclusive_cpus(*node_.topology, spec.cpu_set, spec.exclusiveness_level);
  }

  void take(std::size_t index) {
    const auto& verdict = verdicts_[index];
    held_.insert(index);
    by_pod_[verdict.binding->pod_key()] = index;
    exclusive_ |= verdict.grant->exclusive_cpus;
    named_ |= verdict.grant->cpu_set;
  }
  void release(std::size_t index) {
    held_.erase(index);
    by_pod_.erase(verdicts_[index].binding->pod_key());
    exclusive_.clear();
    named_.clear();
    for (const auto other : held_) {
      exclusive_ |= verdicts_[other].grant->exclusive_cpus;
      named_ |= verdicts_[other].grant->cpu_set;
    }
  }
  // The oldest of those who hold it.
  template <class Part>
  std::string holder(CpuId cpu, Part part) const {
    const api::PodCPUBinding* oldest = nullptr;
    for (const auto index : held_) {
      const auto& binding = *verdicts_[index].binding;
      if (!(*verdicts_[index].grant.*part).contains(cpu)) continue;
      if (oldest == nullptr || earlier(binding, *oldest)) oldest = &binding;
    }
    return oldest == nullptr ? "?" : oldest->meta.key();
  }

  std::optional<Refusal> refuse(std::size_t index) const {
    const auto& binding = *verdicts_[index].binding;
    const auto& spec = binding.spec;
    const auto invalid = [](std::string reason, std::string message) {
      return Refusal{BindingStatus::invalid_cpu_set, std::move(reason), std::move(message)};
    };
    if (!binding.spec_error.empty()) return invalid("InvalidSpec", binding.spec_error);
    if (spec.cpu_set.empty()) return invalid("EmptyCPUSet", "spec.cpuSet: names no CPU");
    const auto& online = node_.topology->cpus();
    if (const auto absent = spec.cpu_set - online; !absent.empty()) {
      return invalid("UnknownCPU", fmt::format("spec.cpuSet: the node has no CPU {} online (its CPUs are {})",
                                               absent.to_string(), online.to_string()));
    }
    if (auto refusal = refuse_containers(verdicts_[index])) return refusal;
    const auto exclusive = exclusive_of(spec);
    if (exclusive.empty() && spec.cfs_quota == api::CfsQuota::lift) {
      return invalid("NeedsExclusiveCPUs",
                     "spec.cfsQuota: lift is for a Pod with CPUs of its own, and exclusivenessLevel is None");
    }
    if (exclusive.empty() && spec.isolation == api::Isolation::partition) {
      return invalid(
          "NeedsExclusiveCPUs",
          "spec.isolation: partition is for a Pod with CPUs of its own, and exclusivenessLevel is None");
    }
    if (const auto reserved = exclusive & node_.reserved; !reserved.empty()) {
      const bool named = !(reserved & spec.cpu_set).empty();
      return invalid("ReservedCPU",
                     fmt::format("{}: CPU {} is reserved for the node and cannot be exclusive",
                                 named ? "spec.cpuSet" : "spec.exclusivenessLevel", reserved.to_string()));
    }
    if (auto refusal = conflict(index, spec.cpu_set, exclusive, exclusive - spec.cpu_set)) return refusal;
    if (!exclusive.empty() && (online - exclusive_ - exclusive).empty()) {
      return Refusal{BindingStatus::cpu_set_allocation_failed, "EmptySharedPool",
                     "spec.cpuSet: no CPU would be left for the Pods without a binding (the shared pool)"};
    }
    return std::nullopt;
  }

  std::optional<Refusal> refuse_containers(const Verdict& verdict) const {
    const auto& spec = verdict.binding->spec;
    const auto invalid = [](std::string reason, std::string message) {
      return Refusal{BindingStatus::invalid_cpu_set, std::move(reason), std::move(message)};
    };
    const auto with_memory = nodes_with_memory(*node_.topology);
    std::set<std::string_view> seen;
    for (const auto& container : spec.containers) {
      const auto field = fmt::format("spec.containers[{}]", container.name);
      if (!seen.insert(container.name).second) return invalid("InvalidContainer", field + ": named twice");
      if (verdict.pod && !verdict.pod->spec->has_container(container.name)) {
        return invalid("UnknownContainer", fmt::format("{}: the Pod has no container of this name", field));
      }
      if (const auto outside = container.cpu_set - spec.cpu_set; !outside.empty()) {
        return invalid("InvalidContainer",
                       fmt::format("{}.cpuSet: CPU {} is not in spec.cpuSet", field, outside.to_string()));
      }
      if (const auto unknown = container.memory_nodes - with_memory; !unknown.empty()) {
        return invalid("UnknownMemoryNode",
                       fmt::format("{}.memoryNodes: the node has no memory in NUMA node {} (it has in {})",
                                   field, unknown.to_string(), with_memory.to_string()));
      }
    }
    return std::nullopt;
  }

  // What others hold. `widened`: exclusive CPUs that the level added to those named.
  std::optional<Refusal> conflict(std::size_t index, const CpuSet& cpus, const CpuSet& exclusive,
                                  const CpuSet& widened) const {
    const auto failed = [](std::string reason, std::string message) {
      return Refusal{BindingStatus::cpu_set_allocation_failed, std::move(reason), std::move(message)};
    };
    const auto field_of = [&](CpuId cpu) {
      return widened.contains(cpu) ? "spec.exclusivenessLevel" : "spec.cpuSet";
    };
    const auto twin = by_pod_.find(verdicts_[index].binding->pod_key());
    if (twin != by_pod_.end()) {
      return failed(std::string(second_binding),
                    fmt::format("spec.podName: the Pod has its CPUs from PodCPUBinding {} already",
                                verdicts_[twin->second].binding->meta.key()));
    }
    if (const auto taken = (cpus | exclusive) & exclusive_; !taken.empty()) {
      const auto cpu = *taken.first();
      return failed("ExclusiveOverlap",
                    fmt::format("{}: CPU {} is exclusive to PodCPUBinding {}", field_of(cpu),
                                taken.to_string(), holder(cpu, &Grant::exclusive_cpus)));
    }
    if (const auto taken = exclusive & named_; !taken.empty()) {
      const auto cpu = *taken.first();
      return failed("WouldTakeCPUs",
                    fmt::format("{}: CPU {} would be taken from PodCPUBinding {}", field_of(cpu),
                                taken.to_string(), holder(cpu, &Grant::cpu_set)));
    }
    return std::nullopt;
  }

  const NodeFacts& node_;
  std::vector<Verdict>& verdicts_;
  std::set<std::size_t> held_;
  std::unordered_map<std::string, std::size_t> by_pod_;
  CpuSet exclusive_, named_;
};

}  // namespace

// Who judges, and why alone: docs/decisions/0002-agent-is-the-judge.md
std::vector<Verdict> admit(const NodeFacts& node, const std::vector<BindingPointer>& bindings,
                           const PodLookup& pods) {
  std::vector<Verdict> verdicts;
  verdicts.reserve(bindings.size());
  for (const auto& binding : bindings) {
    verdicts.push_back({.binding = binding, .pod = nullptr});
    if (node.topology) find_pod(verdicts.back(), pods);
  }
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < verdicts.size(); ++i)
    if (verdicts[i].kind != Verdict::Kind::not_ours) order.push_back(i);
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    return earlier(*verdicts[a].binding, *verdicts[b].binding);
  });

  Judge judge(node, verdicts);
  for (const auto index : order)
    if (holds_grant(verdicts[index])) judge.keep_granted(index);
  judge.judge_all(order);
  judge.note_shared();
  return verdicts;
}

}  // namespace actimanager::binding

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include <actimanager/binding/status.hpp>

#include "quota.hpp"

namespace actimanager::binding {
namespace {

using api::BindingStatus;
using api::ConditionStatus;

BindingStatus resource_status(const Verdict& verdict, const Observed& observed) {
  if (!verdict.reason.empty())
    return verdict.refusal;  // a refused edit says so, whatever is in force meanwhile
  if (!observed.error.empty()) return BindingStatus::failed;
  return observed.complete ? BindingStatus::applied : BindingStatus::validated;
}

struct Said {
  bool holds;
  std::string reason, message;
};

// Sets conditions of one status.
class Conditions {
 public:
  Conditions(std::vector<api::Condition>& conditions, std::int64_t generation, api::Time now)
      : conditions_(conditions), generation_(generation), now_(now) {}

  void set(const char* type, Said said) {
    api::set_condition(conditions_, {type, said.holds ? ConditionStatus::true_ : ConditionStatus::false_,
                                     std::move(said.reason), std::move(said.message), generation_, now_});
  }
  // nullopt: nothing is to be said, also not what was.
  void set_or_erase(const char* type, std::optional<Said> said) {
    if (said) return set(type, std::move(*said));
    std::erase_if(conditions_, [&](const api::Condition& condition) { return condition.type == type; });
  }
  bool has(const char* type) const { return api::find_condition(conditions_, type) != nullptr; }

 private:
  std::vector<api::Condition>& conditions_;
  std::int64_t generation_;
  api::Time now_;
};

Said admitted(const Verdict& verdict) {
  if (verdict.reason.empty()) return {true, "Admitted", ""};
  if (!verdict.admitted()) return {false, verdict.reason, verdict.message};
  return {false, verdict.reason,
          fmt::format("{}; CPUs {} stay in force", verdict.message, verdict.grant->cpu_set.to_string())};
}

Said applied(const Verdict& verdict, const Observed& observed) {
  if (!verdict.admitted()) return {false, "NotAdmitted", ""};
  if (!observed.error.empty()) return {false, observed.error_reason, observed.error};
  if (observed.complete) return {true, "Applied", ""};
  return {false, "ContainersPending", "not every container has been seen on its CPUs yet"};
}

// nullopt: it is not.
std::optional<Said> degraded(const Verdict& verdict, const Observed& observed) {
  if (!verdict.offline.empty())
    return Said{true, "CPUOffline", fmt::format("CPU {} is offline", verdict.offline.to_string())};
  if (!verdict.not_exclusive.empty()) {
    return Said{true, "NotExclusive",
                fmt::format("CPU {} is not kept free of others: it is reserved for the node, was another's "
                            "before it came online, or no other is online for Pods without CPUs of their own",
                            verdict.not_exclusive.to_string())};
  }
  if (!observed.crowded.empty()) {
    return Said{true, "NotExclusive",
                fmt::format("CPU {} is not kept free of others: the kernel refuses to move a Pod that is on "
                            "it, or somebody keeps moving one there",
                            observed.crowded.to_string())};
  }
  return std::nullopt;
}

// Of a binding that asks for it.
Said quota_lifted(const Verdict& verdict, const Observed::Quota& quota, const topology::Topology& topology) {
  if (auto why = uncovered_limit(topology, verdict); !why.empty())
    return {false, "LimitNotCovered", std::move(why)};
  if (!quota.error.empty()) return {false, "KernelRefused", quota.error};
  if (!quota.looked || quota.limited) return {false, "Pending", "not every cgroup of the Pod is without yet"};
  if (!quota.lifted) return {true, "NoQuota", "there is none to be lifted"};
  return {true, "Lifted", ""};
}

Said isolated(const Verdict& verdict, const Observed::Partition& partition,
              const topology::Topology& topology) {
  const auto cpus = cpusets_of(topology, verdict).pod.cpus;
  if (const auto shared = cpus - verdict.own_cpus(); !shared.empty())
    return {false, "NotExclusive", fmt::format("CPU {} is not exclusive to the Pod", shared.to_string())};
  if (!partition.refusal.empty()) return {false, "KernelRefused", partition.refusal};
  if (!partition.holds) return {false, "Pending", "the kernel has not been seen to have the partition yet"};
  return {true, "Isolated", ""};
}

}  // namespace

api::PodCPUBinding::Status next_status(const Verdict& verdict, const std::string& node_name,
                                       const Observed& observed, const topology::Topology& topology,
                                       api::Time now) {
  auto status = verdict.binding->status;
  if (!verdict.pod) return status;
  status.resource_status = resource_status(verdict, observed);
  status.node_name = node_name;
  status.observed_generation = verdict.binding->meta.generation;
  status.admitted = verdict.grant;
  status.containers.clear();
  status.memory_nodes.clear();
  if (verdict.admitted()) {
    status.containers = observed.containers;
    std::ranges::sort(status.containers, {}, &api::PodCPUBinding::ObservedContainer::name);
    status.memory_nodes = cpusets_of(topology, verdict).pod.mems;
  }

  Conditions conditions(status.conditions, status.observed_generation, now);
  conditions.set("Admitted", admitted(verdict));
  conditions.set("Applied", applied(verdict, observed));
  if (auto said = degraded(verdict, observed)) {
    conditions.set("Degraded", std::move(*said));
  } else if (conditions.has("Degraded")) {
    conditions.set("Degraded", {false, "Recovered", ""});
  }
  std::optional<Said> lifted, partition, disturbed;
  if (verdict.admitted() && verdict.grant->cfs_quota == api::CfsQuota::lift)
    lifted = quota_lifted(verdict, observed.quota, topology);
  if (verdict.admitted() && verdict.grant->isolation == api::Isolation::partition)
    partition = isolated(verdict, observed.partition, topology);
  // It is there only while it is so: nothing can be said of writers that the kernel does not tell of.
  if (!observed.disturbance.empty()) disturbed = Said{false, "FightingWriter", observed.disturbance};
  conditions.set_or_erase("QuotaLifted", std::move(lifted));
  conditions.set_or_erase("Isolated", std::move(partition));
  conditions.set_or_erase("Undisturbed", std::move(disturbed));
  return status;
}

}  // namespace actimanager::binding

#include <algorithm>

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
  if (const auto shared = cpus - verdict.grant->exclusive_cpus; !shared.empty())
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
  const auto generation = verdict.binding->meta.generation;
  const auto set = [&](const char* type, bool holds, std::string reason, std::string message) {
    api::set_condition(status.conditions, {type, holds ? ConditionStatus::true_ : ConditionStatus::false_,
                                           std::move(reason), std::move(message), generation, now});
  };
  status.resource_status = resource_status(verdict, observed);
  status.node_name = node_name;
  status.observed_generation = generation;
  status.admitted = verdict.grant;

  if (verdict.reason.empty()) {
    set("Admitted", true, "Admitted", "");
  } else if (verdict.admitted()) {
    set("Admitted", false, verdict.reason,
        fmt::format("{}; CPUs {} stay in force", verdict.message, verdict.grant->cpu_set.to_string()));
  } else {
    set("Admitted", false, verdict.reason, verdict.message);
  }

  if (!verdict.admitted()) {
    set("Applied", false, "NotAdmitted", "");
    status.containers.clear();
    status.memory_nodes.clear();
  } else {
    if (!observed.error.empty()) {
      set("Applied", false, observed.error_reason, observed.error);
    } else if (observed.complete) {
      set("Applied", true, "Applied", "");
    } else {
      set("Applied", false, "ContainersPending", "not every container has been seen on its CPUs yet");
    }
    status.containers = observed.containers;
    std::ranges::sort(status.containers, {}, &api::PodCPUBinding::ObservedContainer::name);
    status.memory_nodes = cpusets_of(topology, verdict).pod.mems;
  }

  const bool was_degraded = api::find_condition(status.conditions, "Degraded") != nullptr;
  if (!verdict.offline.empty()) {
    set("Degraded", true, "CPUOffline", fmt::format("CPU {} is offline", verdict.offline.to_string()));
  } else if (!verdict.not_exclusive.empty()) {
    set("Degraded", true, "NotExclusive",
        fmt::format("CPU {} is not kept free of others: it is reserved for the node, or was another's before "
                    "it came online",
                    verdict.not_exclusive.to_string()));
  } else if (!observed.crowded.empty()) {
    set("Degraded", true, "NotExclusive",
        fmt::format("CPU {} is not kept free of others: the kernel refuses to move a Pod that is on it",
                    observed.crowded.to_string()));
  } else if (was_degraded) {
    set("Degraded", false, "Recovered", "");
  }

  if (verdict.admitted() && verdict.grant->cfs_quota == api::CfsQuota::lift) {
    auto [holds, reason, message] = quota_lifted(verdict, observed.quota, topology);
    set("QuotaLifted", holds, std::move(reason), std::move(message));
  } else {
    std::erase_if(status.conditions, [](const api::Condition& c) { return c.type == "QuotaLifted"; });
  }

  if (verdict.admitted() && verdict.grant->isolation == api::Isolation::partition) {
    auto [holds, reason, message] = isolated(verdict, observed.partition, topology);
    set("Isolated", holds, std::move(reason), std::move(message));
  } else {
    std::erase_if(status.conditions, [](const api::Condition& c) { return c.type == "Isolated"; });
  }

  // It is there only while it is so: nothing can be said of writers that the kernel does not tell of.
  if (!observed.disturbance.empty()) {
    set("Undisturbed", false, "FightingWriter", observed.disturbance);
  } else {
    std::erase_if(status.conditions, [](const api::Condition& c) { return c.type == "Undisturbed"; });
  }
  return status;
}

}  // namespace actimanager::binding

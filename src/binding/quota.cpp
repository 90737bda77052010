#include "quota.hpp"

#include <fmt/format.h>

#include <actimanager/allocator/placement.hpp>
#include <actimanager/binding/desired.hpp>

namespace actimanager::binding {
namespace {

// "1.5", of 1500m.
std::string in_cpus(Quantity quantity) {
  const auto milli = quantity.milli_value();
  auto text = fmt::format("{}.{:03}", milli / 1000, milli % 1000);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::string uncovered(const std::string& whose, Quantity limit, int own) {
  if (limit <= Quantity::units(own)) return {};
  return fmt::format("spec.cfsQuota: the limit of {} is {} CPUs, and {} {} exclusive to it", whose,
                     in_cpus(limit), own, own == 1 ? "is" : "are");
}

}  // namespace

std::string uncovered_limit(const topology::Topology& topology, const Verdict& verdict) {
  const auto& pod = *verdict.pod;
  const auto exclusive = verdict.own_cpus();
  const auto cpusets = cpusets_of(topology, verdict);
  const auto check = [&](const api::Container& container) -> std::string {
    const auto limit = container.limits.find("cpu");
    if (limit == container.limits.end()) return {};
    const auto narrower = cpusets.containers.find(container.name);
    const auto& cpuset = narrower == cpusets.containers.end() ? cpusets.pod : narrower->second;
    return uncovered("container " + container.name, limit->second, (cpuset.cpus & exclusive).size());
  };
  auto why = uncovered("the Pod", allocator::cpu_limit(pod), (cpusets.pod.cpus & exclusive).size());
  for (const auto* containers : {&pod.spec->containers, &pod.spec->init_containers}) {
    for (const auto& container : *containers)
      if (why.empty()) why = check(container);
  }
  return why;
}

}  // namespace actimanager::binding

// Targets: what is wanted of the kernel, in its own terms: Pods by the UID in their cgroup's name, containers
// by the runtime's id.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <actimanager/binding/desired.hpp>
#include <actimanager/host/pinning.hpp>

namespace actimanager::roles {

struct Targets {
  host::PodTarget shared;                       // for every Pod that is not in `pods`
  bool shared_is_whole = true;                  // the pool has every CPU there is
  std::map<std::string, host::PodTarget> pods;  // those that a binding pins
  CpuSet exclusive;                             // all CPUs that are exclusive to one of them

  const host::PodTarget& of(const std::string& uid) const {
    const auto it = pods.find(uid);
    return it == pods.end() ? shared : it->second;
  }
  bool operator==(const Targets&) const = default;
};

// `verdicts` name the Pods whose containers' ids are known.
Targets targets_of(const binding::Desired& desired, const std::vector<binding::Verdict>& verdicts);

// "containerd://<id>" without its scheme.
std::string runtime_id(const std::string& container_id);

}  // namespace actimanager::roles

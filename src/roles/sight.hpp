// Sight: what the kernel showed of one Pod's cgroups when they were last looked at.
#pragma once

#include <map>
#include <optional>
#include <string>

#include <actimanager/core/error.hpp>
#include <actimanager/host/pinning.hpp>

namespace actimanager::roles {

struct QuotaSight {
  bool looked = false;         // at any of them
  bool limited = false;        // a cgroup has a CFS quota
  bool lifted = false;         // what one had is remembered
  std::optional<Error> error;  // what the kernel refused
};

struct PartitionSight {
  bool holds = false;
  std::string refusal;     // the kernel's
  bool ask_again = false;  // since what it refused for may be over; else it is not before the targets change
  bool operator==(const PartitionSight&) const = default;
};

struct Sight {
  CpuSet pod;
  std::map<std::string, host::CpusetValues> containers;  // by the runtime's id
  std::optional<Error> error;                            // what the kernel refused
  bool unready = false;  // it has no cpuset yet, and is looked at again in a moment
  QuotaSight quota;
  PartitionSight partition;
};

}  // namespace actimanager::roles

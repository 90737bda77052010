// CFS quotas of Pods and containers: how much CPU time a cgroup gets in each period, by which the kernel
// keeps a CPU limit. They are lifted and put back again; what a cgroup had is remembered in an attribute of
// the cgroup itself (xattr user.actimanager.quota), so that whoever comes next can put it back, and so that
// it is gone with the cgroup. What cannot be remembered (kernels before 5.7) is not lifted.
//
// Not promised: that nobody writes another quota meanwhile. One that the kubelet writes while it is lifted (a
// resize) is what will be put back.
//
// Follows the kernel's Documentation/scheduler/sched-bwc.rst and cgroup-v2.rst ("cpu.max"), and for systemd's
// property runc's libcontainer/cgroups/systemd.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <actimanager/core/error.hpp>
#include <actimanager/host/cgroup_tree.hpp>

namespace actimanager::host {

struct Quota {
  std::optional<std::int64_t> microseconds;  // in each period, above 0; nullopt: all there are
  std::int64_t period = 100'000;             // microseconds, above 0
  bool operator==(const Quota&) const = default;
};

// As in cpu.max: "200000 100000", "max 100000".
std::string to_string(const Quota& quota);
// Errors: invalid_argument; a quota of 0 is none.
Result<Quota> parse_quota(std::string_view text);

// The value of systemd's CPUQuotaPerSecUSec for it, as runc sets it: microseconds in each second, rounded up
// to whole 10 ms; `unlimited` for none.
inline constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();
std::uint64_t per_second(const Quota& quota);

// What a cgroup of the cpu controller has. Errors: the errno, see is_gone(): it is gone, or has no such file;
// invalid_argument.
Result<Quota> read_quota(const Cgroup& cgroup);
// nullopt: nothing is remembered of it, or nothing that could be read.
std::optional<Quota> remembered_quota(const Cgroup& cgroup);

enum class QuotaWish {
  lift,     // what it has is remembered, then it has none
  restore,  // what is remembered is put back where there is none, and stays remembered: systemd may still
            // write
  forget,   // it is put back, also where systemd has rounded it, and forgotten
};
// What to do with one cgroup, pure; in this order.
struct QuotaStep {
  std::optional<Quota> remember;
  std::optional<Quota> write;
  bool forget = false;
  bool operator==(const QuotaStep&) const = default;
};
QuotaStep next_step(const Quota& has, const std::optional<Quota>& remembered, QuotaWish wish);

struct QuotaState {
  bool limited = false;  // a cgroup of the Pod has a quota
  bool lifted = false;   // what one had is remembered
  bool operator==(const QuotaState&) const = default;
};
struct QuotaReport {
  struct Change {
    std::string path;  // of the cgroup
    Quota before, after;
  };
  QuotaState state;  // afterwards
  std::vector<Change> changes;
  std::optional<Error> error;  // what the kernel refused; the others were written all the same
};
// The Pod's own and its containers' cgroups, in the hierarchy of the cpu controller. `dry_run`: says what it
// would write.
QuotaReport settle_quotas(const PodCgroup& pod, QuotaWish wish, bool dry_run = false);

}  // namespace actimanager::host

// Ledger: what systemd was told of each unit, what it is to be told, and so what to say next: one call at a
// time, none where all is said. Pure.
//
// A unit is looked at before it is told anything the first time: whether it is the very cgroup we mean (a
// slice of a kubelet in a container is none of this systemd's), and what it has already, of an earlier agent.
// Of a new one beside one that is known to be systemd's neither is in doubt: its first process is on its way.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "unit.hpp"

namespace actimanager::host::systemd {

struct Call {
  std::string unit;
  // Properties to set; all nullopt: ask what the unit has. An empty set takes the property back.
  std::optional<CpuSet> cpus;
  std::optional<NumaSet> mems;
  std::optional<std::uint64_t> quota;
  bool asks() const { return !cpus && !mems && !quota; }
  bool operator==(const Call&) const = default;
};

class Ledger {
 public:
  // All units of one Pod; those it had before and has no more are forgotten. `fresh`: one that was not known
  // is new, so that it has no property yet; else it has to be asked. `patient`: from the second time on what
  // is new may wait.
  void want(const std::string& pod, Units units, bool fresh, bool patient = false);
  void forget(const std::string& pod) { pods_.erase(pod); }
  // Somebody else changed the Pod's cpusets: its units are to be asked again.
  void doubt(const std::string& pod);
  // What failed is tried again.
  void retry();

  // nullopt: nothing is to be said, or nothing that cannot wait. The same call until it has been answered by
  // one of the following, or something more urgent has come up.
  enum class Which { urgent, all };
  std::optional<Call> next(Which which = Which::all) const;
  // Whether nothing is left to be said of the Pod, and nothing has failed.
  bool settled(const std::string& pod) const;
  // It has these, with its cgroup at `control_group` below the top of the hierarchy ("": it is not running).
  void found(const std::string& unit, std::string_view control_group, Allowed has);
  void told(const Call& call);
  // It is left alone until retry().
  void failed(const std::string& unit);
  // All are: nobody answers.
  void all_failed();
  // It is not systemd's, and is left alone for as long as it is there.
  void absent(const std::string& unit);

 private:
  struct Entry {
    Unit unit;
    std::optional<Allowed> has;  // nullopt: not known
    bool confirmed = false;      // was asked, and is the cgroup we mean
    bool waits = false;          // failed
    bool foreign = false;        // not systemd's
    bool fresh = false;          // new, and never asked
    bool relaxed = false;        // what it was to be told last may wait, from then on
    bool patient = false;        // what it is to be told may wait
    bool settled() const { return foreign || (has && satisfies(*has, unit.wants)); }
  };
  Entry* find(const std::string& unit);
  Call call_of(const std::string& name, const Entry& entry) const;
  std::set<std::string> levels_;  // paths of directories below which units are systemd's
  std::map<std::string, std::map<std::string, Entry>> pods_;  // by Pod, by unit
};

}  // namespace actimanager::host::systemd

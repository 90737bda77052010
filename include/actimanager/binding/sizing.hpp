// How the leader keeps a binding's set as large as its Pod's CPU request (in-place resize): which bindings
// are its own to edit, to what, and what is said where there are not enough CPUs. Which CPUs those are is
// allocator/resize.hpp's.
//
// A set that somebody else has chosen or changed is never edited.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <actimanager/allocator/resize.hpp>
#include <actimanager/api/pod_cpu_binding.hpp>

namespace actimanager::binding {

// On bindings that the scheduler made: the set it chose, to be told from one that was edited by hand.
inline constexpr std::string_view placed_annotation = "cslab.ece.ntua.gr/placed";
// Its value: "Core 0-3,8".
std::string placed_mark(const allocator::Placement& placement);
// Made by the scheduler and as it last wrote it. A binding without the mark (of an older version) is, while
// it has never been edited.
bool is_as_placed(const api::PodCPUBinding& binding);

// What the Pod has, to start from: what was granted, else what is asked for. nullopt: the binding is not to
// be edited, or not now: an edit waits for its judge.
std::optional<allocator::Placement> resizable(const api::PodCPUBinding& binding);

struct Sizing {
  std::optional<CpuSet> edit;               // spec.cpuSet from now on
  std::optional<api::Condition> condition;  // to be set: it says something new
  bool waits = false;                       // to be looked at again when CPUs may have become free
};
// has: from resizable(). wanted: how many CPUs the Pod asks for; resized: what it would get. Where it gets
// none, an edit that was refused is taken back: it would hold CPUs for nothing.
Sizing next_sizing(const api::PodCPUBinding& binding, const allocator::Placement& has, int wanted,
                   const allocator::Resized& resized, api::Time now);

// Where a condition was said of a set that has been edited by hand since.
std::optional<api::Condition> sizing_given_up(const api::PodCPUBinding& binding, api::Time now);

}  // namespace actimanager::binding

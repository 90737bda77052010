// One decision that remembers nothing: what Scheduler::schedule_one says, for explain().
#pragma once

#include <actimanager/scheduler/config.hpp>
#include <actimanager/scheduler/scheduler.hpp>

namespace actimanager::scheduler {

Decision decide(const Profile& profile, const api::Pod& pod, const Snapshot& snapshot);

}  // namespace actimanager::scheduler

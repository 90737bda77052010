// An explanation for a person: the nodes that came into question with their scores, best first, and the
// others with what stands against them and what would have to change.
#pragma once

#include <string>

#include <actimanager/scheduler/explain.hpp>

namespace actimanager::app {

std::string explain_table(const scheduler::Explanation& explanation, const std::string& profile);

}  // namespace actimanager::app

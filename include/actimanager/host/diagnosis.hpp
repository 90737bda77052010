// Diagnosis: whether Pods can be pinned on a machine, and what to do where not. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <actimanager/host/examination.hpp>

namespace actimanager::host {

enum class Severity {
  ok,       // nothing to do
  note,     // good to know, nothing to do
  warning,  // pinning works, but not all of it or not always: have a look
  problem,  // Pods cannot be pinned: do what `fix` says
};
std::string_view to_string(Severity severity);  // "ok", "note", "warning", "problem"

struct Finding {
  std::string check;  // what was looked at: "cgroups", "CPU manager", …; each once
  Severity severity = Severity::ok;
  std::string message;  // what was found
  std::string fix;      // what to do; empty where nothing is to be done
};

// One finding for each check, in an order for reading.
std::vector<Finding> diagnose(const Examination& machine);

// No finding is a problem.
bool can_pin(const std::vector<Finding>& findings);

}  // namespace actimanager::host

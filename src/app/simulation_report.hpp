// Simulations as text, as maps of the nodes' CPUs, and as JSON.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <actimanager/scheduler/simulation.hpp>

namespace actimanager::app {

struct PolicyRun {
  std::string policy;  // "": as the profiles say
  scheduler::Simulation simulation;
};

// A line per Pod with a column per run, then the CPUs before and after.
std::string simulation_table(const std::vector<PolicyRun>& runs);

// Every node with a topology, drawn with who has its CPUs: the Pods placed here by name, others as one.
std::string simulation_map(const std::vector<PolicyRun>& runs, bool colour);

// docs/schemas/simulate.schema.json
nlohmann::json simulation_json(const std::vector<PolicyRun>& runs);

}  // namespace actimanager::app

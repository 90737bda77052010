// The message of a Pod that fits nowhere, in kube-scheduler's wording.
#pragma once

#include <map>
#include <string>

#include <actimanager/scheduler/framework.hpp>

namespace actimanager::scheduler {

// How many nodes refuse for which reason. A node may have several.
class Reasons {
 public:
  void add(const Status& status, int nodes = 1);
  void add(const std::string& reason, int nodes);
  int nodes() const { return nodes_; }

 private:
  friend std::string fit_error(int node_count, const Reasons& reasons);
  std::map<std::string, int> nodes_by_reason_;
  int nodes_ = 0;
};

// "0/5 nodes are available: 2 Insufficient cpu, 3 node(s) had untolerated taint(s)."
std::string fit_error(int node_count, const Reasons& reasons);
// The same where PreFilter refused them all: "0/5 nodes are available: <reasons>."
std::string fit_error(int node_count, const Status& refusal);

}  // namespace actimanager::scheduler

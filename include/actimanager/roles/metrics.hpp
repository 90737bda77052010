// What a replica counts, as a Prometheus page.
#pragma once

#include <string>

#include <actimanager/kube/client.hpp>
#include <actimanager/roles/agent.hpp>
#include <actimanager/roles/leader.hpp>

namespace actimanager::roles {

struct MetricsSources {
  std::string version;
  const kube::Client* client = nullptr;
  const Agent* agent = nullptr;    // nullptr: not one of this replica's roles
  const Leader* leader = nullptr;  // likewise
  bool leading = false;
};

std::string metrics_page(const MetricsSources& sources);

}  // namespace actimanager::roles

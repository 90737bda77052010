// Endpoint: a node's topology, pins, health and metrics over HTTP, read-only, as answers to requests; the
// server around it is net::Server.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <actimanager/net/http.hpp>
#include <actimanager/roles/agent_view.hpp>

namespace actimanager::roles {

struct EndpointSources {
  // What the agent knows. A replica without one still has node_name and topology.
  std::function<AgentView()> view;
  std::function<std::vector<PinView>()> pins;  // none: this replica has no agent
  std::function<std::string()> metrics;        // Prometheus text
};

// * GET /topology, /api/v1/topology: the NodeCPUTopology as published: {"apiVersion", "kind", "metadata",
//   "spec"}
// * GET /api/v1/pins: {"nodeName", "sharedPool", "reserved", "pods": [{"namespace", "pod", "uid", "binding",
//   "exclusivenessLevel", "status", "message", "wanted", "granted", "exclusive", "memoryNodes",
//   "containers": [{"name", "granted"}]}]}; CPU lists as "0-3,8"
// * GET /livez, /healthz: "ok" from a process that lives; /healthz is the older name, as in Kubernetes
// * GET /readyz: "ok", or 503 and why not
// * GET /metrics: Prometheus text format
// * GET /: {"paths": […]}
//
// Anything else: 404, 405 with Allow; errors are {"error", "message"}.
class Endpoint {
 public:
  explicit Endpoint(EndpointSources sources) : sources_(std::move(sources)) {}

  net::Response respond(const net::Request& request);

 private:
  using Handler = net::Response (Endpoint::*)();
  static const std::vector<std::pair<std::string_view, Handler>>& routes();
  net::Response index();
  net::Response topology();
  net::Response pins();
  net::Response alive();
  net::Response ready();
  net::Response metrics();

  EndpointSources sources_;
  // The topology as it was served last. It is large, and the same for days.
  std::shared_ptr<const topology::Topology> rendered_;
  std::string rendering_;
};

// {"error": "Not Found", "message": why}
net::Response error_response(int status, std::string_view why);

}  // namespace actimanager::roles

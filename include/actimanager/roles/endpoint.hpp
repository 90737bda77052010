// The endpoint role: a node's topology, pins, health and metrics over HTTP, read-only. respond() is the whole
// of it as a pure function; the server around it is net::Server.
#pragma once

#include <functional>
#include <string>

#include <actimanager/net/http.hpp>
#include <actimanager/roles/agent_view.hpp>

namespace actimanager::roles {

struct EndpointSources {
  // What the agent knows. A replica without one still has node_name and topology.
  std::function<AgentView()> view;
  bool has_agent = true;
  std::function<std::string()> metrics;  // Prometheus text
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
net::Response respond(const net::Request& request, const EndpointSources& sources);

// {"error": "Not Found", "message": why}
net::Response error_response(int status, std::string_view why);

}  // namespace actimanager::roles

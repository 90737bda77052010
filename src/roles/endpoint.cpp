#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include <actimanager/api/json_text.hpp>
#include <actimanager/api/node_cpu_topology.hpp>
#include <actimanager/roles/endpoint.hpp>

namespace actimanager::roles {
namespace {

using nlohmann::json;

net::Response answer(std::string body, const char* type, int status = 200) {
  net::Response response;
  response.status = status;
  response.headers.add("Content-Type", type);
  response.headers.add("Cache-Control", "no-store");
  response.headers.add("X-Content-Type-Options", "nosniff");
  response.body = std::move(body);
  return response;
}

std::string text_of(const json& document) {
  return api::json_text(document, 2) + "\n";
}

net::Response answer(const json& document, int status = 200) {
  return answer(text_of(document), "application/json", status);
}

json encode(const PinView& pin) {
  auto containers = json::array();
  for (const auto& container : pin.containers) {
    containers.push_back({{"name", container.name}, {"granted", container.granted.to_string()}});
  }
  return {{"namespace", pin.namespace_},
          {"pod", pin.pod},
          {"uid", pin.uid},
          {"binding", pin.binding.empty() ? json() : json(pin.binding)},
          {"exclusivenessLevel", pin.level},
          {"status", pin.status},
          {"message", pin.message},
          {"wanted", pin.wanted.to_string()},
          {"granted", pin.granted.to_string()},
          {"exclusive", pin.exclusive.to_string()},
          {"memoryNodes", pin.memory_nodes.to_string()},
          {"containers", std::move(containers)}};
}

std::string_view title_of(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 413:
      return "Content Too Large";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Error";
  }
}

}  // namespace

net::Response error_response(int status, std::string_view why) {
  return answer({{"error", title_of(status)}, {"message", why}}, status);
}

const std::vector<std::pair<std::string_view, Endpoint::Handler>>& Endpoint::routes() {
  static const std::vector<std::pair<std::string_view, Handler>> all{
      {"/", &Endpoint::index},
      {"/topology", &Endpoint::topology},
      {"/api/v1/topology", &Endpoint::topology},
      {"/api/v1/pins", &Endpoint::pins},
      {"/livez", &Endpoint::alive},
      {"/healthz", &Endpoint::alive},  // its older name
      {"/readyz", &Endpoint::ready},
      {"/metrics", &Endpoint::metrics},
  };
  return all;
}

net::Response Endpoint::index() {
  auto paths = json::array();
  for (const auto& [path, handler] : routes()) paths.push_back(path);
  return answer({{"paths", std::move(paths)}});
}

net::Response Endpoint::topology() {
  const auto view = sources_.view();
  if (!view.topology) return error_response(503, view.not_ready.empty() ? "no topology yet" : view.not_ready);
  if (view.topology != rendered_) {
    api::NodeCPUTopology object;
    object.meta.name = api::NodeCPUTopology::name_for(view.node_name);
    object.node_name = view.node_name;
    object.topology = view.topology;
    rendering_ = text_of(api::encode_spec(object));
    rendered_ = view.topology;
  }
  return answer(rendering_, "application/json");
}

net::Response Endpoint::pins() {
  if (!sources_.pins) return error_response(503, "this replica runs without the agent role");
  const auto view = sources_.view();
  auto pods = json::array();
  for (const auto& pin : sources_.pins()) pods.push_back(encode(pin));
  return answer({{"nodeName", view.node_name},
                 {"sharedPool", view.shared_pool.to_string()},
                 {"reserved", view.reserved.to_string()},
                 {"pods", std::move(pods)}});
}

net::Response Endpoint::alive() {
  return answer("ok\n", "text/plain; charset=utf-8");
}

net::Response Endpoint::ready() {
  const auto view = sources_.view();
  if (view.not_ready.empty()) return alive();
  return answer(view.not_ready + "\n", "text/plain; charset=utf-8", 503);
}

net::Response Endpoint::metrics() {
  return answer(sources_.metrics(), "text/plain; version=0.0.4; charset=utf-8");
}

// Why reading is all one can do here: docs/decisions/0004-http-reads-api-writes.md
net::Response Endpoint::respond(const net::Request& request) {
  const std::string_view target = request.target;
  const auto path = target.substr(0, target.find_first_of("?#"));
  const auto route = std::ranges::find(routes(), path, &std::pair<std::string_view, Handler>::first);
  if (route == routes().end())
    return error_response(404, "there is nothing at this path; see / for what there is");
  if (request.method != "GET") {
    auto response = error_response(405, "read-only: GET and HEAD");
    response.headers.add("Allow", "GET, HEAD");
    return response;
  }
  return (this->*route->second)();
}

}  // namespace actimanager::roles

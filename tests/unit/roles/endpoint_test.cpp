#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include <actimanager/roles/endpoint.hpp>

using namespace actimanager;
using nlohmann::json;

namespace {

roles::AgentView a_node() {
  roles::AgentView view;
  view.node_name = "node-1";
  view.topology = std::make_shared<const topology::Topology>(
      *topology::Topology::make({.sockets = {{SocketId{0}, {0, 1}}},
                                 .cores = {{CoreId{0}, SocketId{0}, {0, 1}}},
                                 .numa_nodes = {},
                                 .caches = {},
                                 .cpu_kinds = {}}));
  view.shared_pool = {0};
  return view;
}

std::vector<roles::PinView> its_pins() {
  return {{.namespace_ = "default",
           .pod = "web",
           .uid = "u1",
           .binding = "default/web-pcb",
           .level = "CPU",
           .status = "Applied",
           .message = "",
           .wanted = {1},
           .granted = {1},
           .exclusive = {1},
           .memory_nodes = {0},
           .containers = {{"main", {1}}}}};
}

roles::EndpointSources sources_of(roles::AgentView view) {
  return {.view = [view] { return view; }, .pins = its_pins, .metrics = [] { return "metric 1\n"; }};
}

net::Response get(const std::string& target, const roles::EndpointSources& sources,
                  const std::string& method = "GET") {
  return roles::Endpoint(sources).respond({.method = method, .target = target, .headers = {}, .body = {}});
}

}  // namespace

TEST_CASE("the topology is served as it is published, at both paths") {
  for (const char* path : {"/topology", "/api/v1/topology", "/topology?pretty"}) {
    const auto response = get(path, sources_of(a_node()));
    CHECK(response.status == 200);
    const auto document = json::parse(response.body);
    CHECK(document["kind"] == "NodeCPUTopology");
    CHECK(document["metadata"]["name"] == "node-1-cputopology");
    CHECK(document["spec"]["topology"]["cpus"] == json({0, 1}));
  }
}

TEST_CASE("a topology that becomes another is served anew") {
  auto view = a_node();
  auto sources = sources_of({});
  sources.view = [&view] { return view; };
  roles::Endpoint endpoint(std::move(sources));
  const auto cpus = [&] {
    const auto response =
        endpoint.respond({.method = "GET", .target = "/topology", .headers = {}, .body = {}});
    return json::parse(response.body)["spec"]["topology"]["cpus"];
  };
  CHECK(cpus() == json({0, 1}));
  CHECK(cpus() == json({0, 1}));
  view.topology = std::make_shared<const topology::Topology>(
      *topology::Topology::make({.sockets = {{SocketId{0}, {1}}},
                                 .cores = {{CoreId{0}, SocketId{0}, {1}}},
                                 .numa_nodes = {},
                                 .caches = {},
                                 .cpu_kinds = {}}));
  CHECK(cpus() == json(std::vector{1}));
}

TEST_CASE("pins show what is wanted and what the kernel granted") {
  const auto document = json::parse(get("/api/v1/pins", sources_of(a_node())).body);
  CHECK(document["sharedPool"] == "0");
  const auto& pod = document["pods"][0];
  CHECK(pod["binding"] == "default/web-pcb");
  CHECK(pod["wanted"] == "1");
  CHECK(pod["granted"] == "1");
  CHECK(pod["containers"] == json::parse(R"([{"name": "main", "granted": "1"}])"));
}

TEST_CASE("health is told apart: alive is not ready") {
  auto view = a_node();
  view.not_ready = "not yet";
  const auto sources = sources_of(view);
  CHECK(get("/livez", sources).status == 200);
  CHECK(get("/healthz", sources).status == 200);
  CHECK(get("/readyz", sources).status == 503);
  CHECK(get("/readyz", sources).body == "not yet\n");
  CHECK(get("/readyz", sources_of(a_node())).status == 200);
}

TEST_CASE("what is not there and what is not allowed are told in JSON") {
  const auto sources = sources_of(a_node());
  for (const char* path : {"/nothing", "/topology/", "//topology", "/../etc/passwd", ""}) {
    const auto response = get(path, sources);
    CHECK(response.status == 404);
    CHECK(json::parse(response.body)["error"] == "Not Found");
  }
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "BREW"}) {
    const auto response = get("/topology", sources, method);
    CHECK(response.status == 405);
    REQUIRE(response.headers.find("Allow") != nullptr);
    CHECK(*response.headers.find("Allow") == "GET, HEAD");
    CHECK(json::parse(response.body).contains("message"));
  }
}

TEST_CASE("a replica without an agent has no pins, one without a topology has none to serve") {
  auto sources = sources_of(a_node());
  sources.pins = nullptr;
  CHECK(get("/api/v1/pins", sources).status == 503);
  CHECK(get("/topology", sources_of({})).status == 503);
}

TEST_CASE("names that are no UTF-8 do not break the page") {
  auto sources = sources_of(a_node());
  sources.pins = [] {
    auto pins = its_pins();
    pins[0].pod = "\xff\xfe";
    return pins;
  };
  CHECK(get("/api/v1/pins", sources).status == 200);
}

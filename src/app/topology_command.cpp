#include "topology_command.hpp"

#include <memory>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <actimanager/api/json_text.hpp>
#include <actimanager/api/node_cpu_topology.hpp>
#include <actimanager/host/discovery.hpp>
#include <actimanager/topology/drawing.hpp>

#include "host_name.hpp"
#include "json_to_yaml.hpp"

namespace actimanager::app {
namespace {

std::string title_for(const TopologyOptions& options) {
  if (!options.node_name.empty()) return options.node_name;
  if (!options.xml.empty()) return options.xml.substr(options.xml.rfind('/') + 1);
  return options.synthetic.empty() ? host_name() : "synthetic machine";
}

}  // namespace

int topology_command(const TopologyOptions& options, std::ostream& out, std::ostream& err, bool colour) {
  auto topology = host::discover({.xml_file = options.xml, .synthetic = options.synthetic});
  if (!topology) {
    err << fmt::format("actimanager: {}\n", topology.error().message());
    return 1;
  }
  if (options.output == "tree") {
    out << topology::draw(*topology, {.title = title_for(options), .ascii = options.ascii, .colour = colour});
    const bool threads = topology->cpus().size() > static_cast<int>(topology->cores().size());
    out << (threads ? "A column is a core, its numbers are the core's CPUs (hardware threads).\n"
                    : "A number is a CPU; each is a core of its own.\n");
  } else {
    api::NodeCPUTopology object;
    object.node_name = options.node_name.empty() ? host_name() : options.node_name;
    object.meta.name = api::NodeCPUTopology::name_for(object.node_name);
    object.topology = std::make_shared<const topology::Topology>(std::move(*topology));
    const auto json = api::encode_spec(object);
    out << (options.output == "yaml" ? json_to_yaml(json) : api::json_text(json, 2) + "\n");
  }
  out.flush();
  if (out) return 0;
  err << "actimanager: cannot write the topology\n";
  return 1;
}

}  // namespace actimanager::app

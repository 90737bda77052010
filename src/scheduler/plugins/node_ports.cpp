// NodePorts: no node on which one of the Pod's host ports is taken.
#include <algorithm>

#include <fmt/format.h>

#include "hints.hpp"
#include "plugins.hpp"
#include "signing.hpp"

namespace actimanager::scheduler {
namespace {

class NodePorts final : public Plugin {
 public:
  std::string_view name() const override { return "NodePorts"; }
  Points points() const override { return Point::pre_filter | Point::filter; }

  PreFilterResult pre_filter(CycleState& state, const api::Pod& pod, const Snapshot&) const override {
    auto wanted = std::make_unique<Wanted>();
    wanted->ports = host_ports(pod);
    if (wanted->ports.empty()) return {skip(), {}};
    state.write(this, std::move(wanted));
    return {};
  }

  Status filter(const CycleState& state, const api::Pod& pod, const NodeInfo& node) const override {
    const auto* wanted = state.read<Wanted>(this);
    const auto taken = [&](const HostPort& port) {
      return std::ranges::any_of(node.used_ports,
                                 [&](const HostPort& used) { return conflicts(port, used); });
    };
    if (wanted != nullptr ? std::ranges::any_of(wanted->ports, taken)
                          : std::ranges::any_of(host_ports(pod), taken)) {
      return unschedulable("node(s) didn't have free ports for the requested pod ports");
    }
    return {};
  }

  std::vector<Interest> interests() const override {
    const auto after_pod = [](const api::Pod& waiting, const Change<api::Pod>& change) {
      if (!left_a_node(*change.before)) return Hint::skip;
      const auto freed = host_ports(*change.before);
      return queue_if(std::ranges::any_of(host_ports(waiting), [&](const HostPort& port) {
        return std::ranges::any_of(freed, [&](const HostPort& other) { return conflicts(port, other); });
      }));
    };
    return {on<api::Pod>(Action::remove, after_pod), on<api::Node>(Action::add), on_node_taints()};
  }
  bool sign(const api::Pod& pod, const Snapshot&, std::string& out) const override {
    for (const auto& port : host_ports(pod)) {
      sign_text(out, port.ip);
      fmt::format_to(std::back_inserter(out), "{}/{}", port.protocol, port.port);
    }
    return true;
  }

 private:
  struct Wanted : CycleState::Data {
    std::vector<HostPort> ports;
  };
};

}  // namespace

std::unique_ptr<Plugin> make_node_ports(api::JsonCursor) {
  return std::make_unique<NodePorts>();
}

}  // namespace actimanager::scheduler

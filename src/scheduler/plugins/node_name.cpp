// NodeName: only the node that the Pod names, if it names one.
#include "plugins.hpp"
#include "signing.hpp"

namespace actimanager::scheduler {
namespace {

class NodeName final : public Plugin {
 public:
  std::string_view name() const override { return "NodeName"; }
  Points points() const override { return static_cast<Points>(Point::filter); }

  Status filter(const CycleState&, const api::Pod& pod, const NodeInfo& node) const override {
    if (pod.node_name.empty() || pod.node_name == node.name()) return {};
    return unresolvable("node(s) didn't match the requested node name");
  }

  std::vector<Interest> interests() const override { return {on<api::Node>(Action::add), on_node_taints()}; }
  bool sign(const api::Pod& pod, const Snapshot&, std::string& out) const override {
    sign_text(out, pod.node_name);
    return true;
  }
};

}  // namespace

std::unique_ptr<Plugin> make_node_name(api::JsonCursor) {
  return std::make_unique<NodeName>();
}

}  // namespace actimanager::scheduler

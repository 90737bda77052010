// NodeUnschedulable: no cordoned node, unless the Pod tolerates the taint that goes with it.
#include "plugins.hpp"

namespace actimanager::scheduler {
namespace {

class NodeUnschedulable final : public Plugin {
 public:
  std::string_view name() const override { return "NodeUnschedulable"; }
  Points points() const override { return static_cast<Points>(Point::filter); }

  Status filter(const CycleState&, const api::Pod& pod, const NodeInfo& node) const override {
    if (!node.node->unschedulable) return {};
    const api::Taint cordon{"node.kubernetes.io/unschedulable", "", "NoSchedule"};
    if (tolerates_any(pod.tolerations, cordon)) return {};
    return unresolvable("node(s) were unschedulable");
  }

  Events events() const override { return Event::node_added | Event::node_taints | Event::pod_updated; }
  bool sign(const api::Pod& pod, const Snapshot&, std::string& out) const override {
    sign_tolerations(out, pod);
    return true;
  }
};

}  // namespace

std::unique_ptr<Plugin> make_node_unschedulable(api::JsonCursor) {
  return std::make_unique<NodeUnschedulable>();
}

}  // namespace actimanager::scheduler

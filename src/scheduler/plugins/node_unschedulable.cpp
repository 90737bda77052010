// NodeUnschedulable: no cordoned node, unless the Pod tolerates the taint that goes with it.
#include "hints.hpp"
#include "plugins.hpp"
#include "signing.hpp"
#include "taint_toleration.hpp"

namespace actimanager::scheduler {
namespace {

// What goes with spec.unschedulable.
const api::Taint cordon{"node.kubernetes.io/unschedulable", "", "NoSchedule"};

class NodeUnschedulable final : public Plugin {
 public:
  std::string_view name() const override { return "NodeUnschedulable"; }
  Points points() const override { return static_cast<Points>(Point::filter); }

  Status filter(const CycleState&, const api::Pod& pod, const NodeInfo& node) const override {
    if (!node.node->unschedulable) return {};
    if (tolerates_any(pod.spec->tolerations, cordon)) return {};
    return unresolvable("node(s) were unschedulable");
  }

  std::vector<Interest> interests() const override {
    const auto after_node = [](const api::Pod&, const Change<api::Node>& change) {
      const bool was_closed = !change.before || change.before->unschedulable;
      return queue_if(was_closed && !change.after->unschedulable);
    };
    const auto after_toleration = [](const api::Pod& waiting, const Change<api::Pod>& change) {
      return queue_if(is_itself(waiting, change) && tolerates_any(change.after->spec->tolerations, cordon));
    };
    return {on<api::Node>(Action::add | Action::node_taints, after_node),
            on<api::Pod>(Action::pod_tolerations, after_toleration)};
  }
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

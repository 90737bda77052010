// TaintToleration: no node whose NoSchedule or NoExecute taints the Pod does not tolerate; of the others,
// those with fewer untolerated PreferNoSchedule taints.
#include "taint_toleration.hpp"

#include <algorithm>

#include "helpers.hpp"
#include "hints.hpp"
#include "plugins.hpp"
#include "signing.hpp"

namespace actimanager::scheduler {

bool tolerates(const api::Toleration& toleration, const api::Taint& taint) {
  if (!toleration.effect.empty() && toleration.effect != taint.effect) return false;
  if (!toleration.key.empty() && toleration.key != taint.key) return false;
  if (toleration.op == "Exists") return true;
  return (toleration.op.empty() || toleration.op == "Equal") && toleration.value == taint.value;
}

bool tolerates_any(const std::vector<api::Toleration>& tolerations, const api::Taint& taint) {
  return std::ranges::any_of(tolerations,
                             [&](const auto& toleration) { return tolerates(toleration, taint); });
}

bool untolerated_taint(const api::Pod& pod, const api::Node& node) {
  return std::ranges::any_of(node.taints, [&](const api::Taint& taint) {
    return (taint.effect == "NoSchedule" || taint.effect == "NoExecute") &&
           !tolerates_any(pod.spec->tolerations, taint);
  });
}

namespace {

class TaintToleration final : public Plugin {
 public:
  std::string_view name() const override { return "TaintToleration"; }
  Points points() const override { return Point::filter | Point::pre_score | Point::score; }

  Status filter(const CycleState&, const api::Pod& pod, const NodeInfo& node) const override {
    return untolerated_taint(pod, *node.node) ? unresolvable("node(s) had untolerated taint(s)") : Status();
  }

  std::int64_t score(const CycleState&, const api::Pod& pod, const NodeInfo& node) const override {
    return std::ranges::count_if(node.node->taints, [&](const api::Taint& taint) {
      return taint.effect == "PreferNoSchedule" && !tolerates_any(pod.spec->tolerations, taint);
    });
  }
  bool normalizes() const override { return true; }
  void normalize(const CycleState&, const NodeList&, std::span<std::int64_t> scores) const override {
    normalize_to_highest(scores, true);
  }

  std::vector<Interest> interests() const override {
    const auto after_node = [](const api::Pod& waiting, const Change<api::Node>& change) {
      const bool was_tolerated = change.before && !untolerated_taint(waiting, *change.before);
      return queue_if(!was_tolerated && !untolerated_taint(waiting, *change.after));
    };
    const auto after_toleration = [](const api::Pod& waiting, const Change<api::Pod>& change) {
      return queue_if(is_itself(waiting, change));
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

std::unique_ptr<Plugin> make_taint_toleration(api::JsonCursor) {
  return std::make_unique<TaintToleration>();
}

}  // namespace actimanager::scheduler

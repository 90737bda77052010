// DynamicResources: refuses Pods with resource claims, which this scheduler cannot allocate. Such a wish is
// never ignored.
#include <actimanager/core/duration.hpp>

#include "plugins.hpp"

namespace actimanager::scheduler {
namespace {

class DynamicResources final : public Plugin {
 public:
  std::string_view name() const override { return "DynamicResources"; }
  Points points() const override { return Point::pre_filter | Point::post_filter; }

  PreFilterResult pre_filter(CycleState&, const api::Pod& pod, const Snapshot&) const override {
    if (!pod.spec->has_resource_claims) return {skip(), {}};
    return {unresolvable("pod uses spec.resourceClaims, which this scheduler does not support"), {}};
  }

  // As kube-scheduler says it of Pods that have none.
  std::optional<PostFilterResult> post_filter(const CycleState&, const api::Pod& pod, const Snapshot&,
                                              const Refusals&, PostFilterTurn&) const override {
    Status status{Code::unschedulable, {}, {}};
    if (!pod.spec->has_resource_claims) status.reasons.emplace_back("no new claims to deallocate");
    return PostFilterResult{.status = std::move(status), .keep_nominated_node = true};
  }

  bool sign(const api::Pod& pod, const Snapshot&, std::string& out) const override {
    out += pod.spec->has_resource_claims ? 'c' : '-';
    return true;
  }
};

}  // namespace

std::unique_ptr<Plugin> make_dynamic_resources(api::JsonCursor args) {
  const auto timeout = args["filterTimeout"];  // of what is not done here
  if (timeout && !parse_duration(timeout.string())) timeout.fail("expected a duration, such as 10s");
  return std::make_unique<DynamicResources>();
}

}  // namespace actimanager::scheduler

// PodIsolation: the Pod's annotation says how far it is kept from others; it gets whole free units of that
// level. With WorkloadAware in the same profile, the annotation's level replaces the class's and the class's
// shape is kept; alone, the Pod's CPUs are packed. Without the annotation it has nothing to say.
#include <fmt/format.h>

#include <actimanager/api/names.hpp>
#include <actimanager/core/utf8.hpp>

#include "cpu_plugins.hpp"
#include "hints.hpp"
#include "plugins.hpp"
#include "signing.hpp"

namespace actimanager::scheduler {
namespace {

const std::string* annotation_of(const api::Pod& pod) {
  return pod.meta.annotation(api::exclusiveness_level_annotation);
}

class PodIsolation final : public Plugin {
 public:
  std::string_view name() const override { return "PodIsolation"; }
  Points points() const override { return Point::pre_filter | Point::filter | Point::reserve; }

  PreFilterResult pre_filter(CycleState& state, const api::Pod& pod,
                             const Snapshot& snapshot) const override {
    const auto* annotation = annotation_of(pod);
    if (annotation == nullptr || snapshot.is_bound_by_hand(pod.meta)) return {skip(), {}};
    const auto level = api::parse_exclusiveness_level(*annotation);
    if (!level) {
      return {unresolvable(fmt::format("annotation {}: \"{}\" is not one of None, CPU, Core, Socket, NUMA",
                                       api::exclusiveness_level_annotation, utf8_prefix(*annotation, 64))),
              {}};
    }
    if (!state.cpu_wish) {
      state.cpu_wish.emplace();
      state.cpu_wish->cpus = allocator::cpu_count(pod);
      state.cpu_wish->milli_cpu = to_resources(pod_requests(pod)).milli_cpu;
    }
    state.cpu_wish->isolation_level = level;
    return {check_binding_wishes(pod, *level), {}};
  }

  Status filter(const CycleState& state, const api::Pod&, const NodeInfo& node) const override {
    return filter_cpus(state, node);
  }

  Status reserve(CycleState& state, const api::Pod& pod, const NodeInfo& node) const override {
    return reserve_cpus(state, pod, node);
  }

  std::vector<Interest> interests() const override { return cpu_interests(); }
  bool sign(const api::Pod& pod, const Snapshot& snapshot, std::string& out) const override {
    const auto* annotation = annotation_of(pod);
    if (annotation == nullptr || snapshot.is_bound_by_hand(pod.meta)) return true;
    sign_text(out, *annotation);
    sign_binding_wishes(out, pod);
    fmt::format_to(std::back_inserter(out), "{}/{}", allocator::cpu_count(pod),
                   to_resources(pod_requests(pod)).milli_cpu);
    return true;
  }
};

}  // namespace

std::unique_ptr<Plugin> make_pod_isolation(api::JsonCursor) {
  return std::make_unique<PodIsolation>();
}

}  // namespace actimanager::scheduler

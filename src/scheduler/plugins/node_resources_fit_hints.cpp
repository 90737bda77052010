// NodeResourcesFit: what may make room for a Pod: a node that is large enough and new, or has grown in what
// the Pod asks for; a Pod that left a node, or asks for less of it.
#include <algorithm>

#include "hints.hpp"

namespace actimanager::scheduler {
namespace {

bool any_grew(const Resources& requested, const Resources& before, const Resources& after) {
  const auto grew = [](std::int64_t want, std::int64_t was, std::int64_t is) { return want > 0 && is > was; };
  return after.pods > before.pods || grew(requested.milli_cpu, before.milli_cpu, after.milli_cpu) ||
         grew(requested.memory, before.memory, after.memory) ||
         grew(requested.ephemeral_storage, before.ephemeral_storage, after.ephemeral_storage) ||
         std::ranges::any_of(requested.scalars, [&](const auto& entry) {
           return grew(entry.second, before.scalar(entry.first), after.scalar(entry.first));
         });
}

// What counts of a Pod on a node: in the middle of a resize, the greater.
Resources in_force(const api::Pod& pod) {
  return to_resources(pod_requests(pod, {.use_status = true}));
}

Hint after_scale_down(const api::Pod& waiting, const Change<api::Pod>& change) {
  if (is_itself(waiting, change)) return Hint::queue;
  if (change.after->node_name.empty()) return Hint::skip;
  auto freed = in_force(*change.before);
  freed.subtract(in_force(*change.after));
  return queue_if(any_grew(in_force(waiting), {}, freed));
}

}  // namespace

std::vector<Interest> resource_interests(
    std::function<bool(const Resources& requested, const Resources& allocatable)> fits) {
  return {
      on<api::Pod>(Action::remove,
                   [](const api::Pod&, const Change<api::Pod>& change) {
                     return queue_if(left_a_node(*change.before));
                   }),
      on<api::Pod>(Action::pod_scaled_down, after_scale_down),
      on<api::Node>(Action::add | Action::node_allocatable,
                    [fits = std::move(fits)](const api::Pod& waiting, const Change<api::Node>& change) {
                      const auto requested = to_resources(pod_requests(waiting));
                      const auto now = to_resources(change.after->allocatable);
                      if (!fits(requested, now)) return Hint::skip;
                      return queue_if(!change.before ||
                                      any_grew(requested, to_resources(change.before->allocatable), now));
                    }),
      on_node_taints(),
  };
}

}  // namespace actimanager::scheduler

#include "cpu_plugins.hpp"

#include <fmt/format.h>

#include <actimanager/api/names.hpp>
#include <actimanager/core/utf8.hpp>

#include "../cpu_placing.hpp"
#include "signing.hpp"

namespace actimanager::scheduler {
namespace {

// What a Pod's annotation may ask of its binding, beside the level.
struct Wish {
  std::string_view annotation;
  std::string_view values;        // of which one is allowed
  std::string_view of_exclusive;  // the one that needs CPUs of its own
  bool (*allows)(std::string_view text);
};
constexpr Wish wishes[] = {
    {api::cfs_quota_annotation, "keep, lift", "lift",
     [](std::string_view text) { return api::parse_cfs_quota(text).has_value(); }},
    {api::isolation_annotation, "none, partition", "partition",
     [](std::string_view text) { return api::parse_isolation(text).has_value(); }},
};

}  // namespace

Status filter_cpus(const CycleState& state, const NodeInfo& node) {
  auto fit = allocator::fits(node.cpus, state.cpu_wish->request(node));
  if (fit.possible) return {};
  return node.cpus.has_topology() ? unschedulable(std::move(fit.reason))
                                  : unresolvable(std::move(fit.reason));
}

Status reserve_cpus(CycleState& state, const api::Pod& pod, const NodeInfo& node) {
  if (!state.cpu_wish) return {};  // it goes to the shared pool
  if (!state.placement) state.placement = place_cpus(*state.cpu_wish, pod, node);
  return state.placement ? Status{} : unschedulable("the CPUs that Filter found are not there");
}

Status check_binding_wishes(const api::Pod& pod, api::ExclusivenessLevel level) {
  for (const auto& wish : wishes) {
    const auto* asked = pod.meta.annotation(wish.annotation);
    if (asked == nullptr) continue;
    if (!wish.allows(*asked)) {
      return unresolvable(fmt::format("annotation {}: \"{}\" is not one of {}", wish.annotation,
                                      utf8_prefix(*asked, 64), wish.values));
    }
    if (*asked == wish.of_exclusive && level == api::ExclusivenessLevel::none) {
      return unresolvable(
          fmt::format("annotation {}: {} is for a Pod with CPUs of its own, and its level is None",
                      wish.annotation, wish.of_exclusive));
    }
  }
  return {};
}

void sign_binding_wishes(std::string& out, const api::Pod& pod) {
  for (const auto& wish : wishes) {
    const auto* asked = pod.meta.annotation(wish.annotation);
    sign_text(out, asked == nullptr ? std::string_view() : std::string_view(*asked));
  }
}

}  // namespace actimanager::scheduler

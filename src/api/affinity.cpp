#include <limits>

#include <fmt/format.h>

#include <actimanager/api/affinity.hpp>

namespace actimanager::api {
namespace {

constexpr std::int64_t int32_max = std::numeric_limits<std::int32_t>::max();

PodAffinityTerm decode_term(JsonCursor item, const std::string& pod_namespace) {
  PodAffinityTerm term{.label_selector = decode_label_selector(item["labelSelector"]),
                       .namespaces = {},
                       .namespace_selector = decode_label_selector(item["namespaceSelector"]),
                       .topology_key = item["topologyKey"].string()};
  item["namespaces"].each([&](JsonCursor name) { term.namespaces.push_back(name.string()); });
  if (term.namespaces.empty() && !term.namespace_selector.given) term.namespaces.push_back(pod_namespace);
  return term;
}

bool decode_policy(JsonCursor policy, bool fallback) {
  const auto text = policy.string(fallback ? "Honor" : "Ignore");
  if (text != "Honor" && text != "Ignore")
    policy.fail(fmt::format("\"{}\" is not one of Honor, Ignore", text));
  return text == "Honor";
}

}  // namespace

TopologySpreadConstraint decode_spread_constraint(JsonCursor item) {
  TopologySpreadConstraint constraint{
      .max_skew = static_cast<std::int32_t>(item["maxSkew"].integer_between(1, int32_max, 1)),
      .topology_key = item["topologyKey"].string(),
      .when_unsatisfiable = item["whenUnsatisfiable"].string(),
      .label_selector = decode_label_selector(item["labelSelector"]),
      .min_domains = std::nullopt,
      .honor_node_affinity = decode_policy(item["nodeAffinityPolicy"], true),
      .honor_node_taints = decode_policy(item["nodeTaintsPolicy"], false),
      .match_label_keys = {}};
  if (!item["whenUnsatisfiable"]) {
    item.fail("whenUnsatisfiable is required");
  } else if (constraint.when_unsatisfiable != "DoNotSchedule" &&
             constraint.when_unsatisfiable != "ScheduleAnyway") {
    item["whenUnsatisfiable"].fail(
        fmt::format("\"{}\" is not one of DoNotSchedule, ScheduleAnyway", constraint.when_unsatisfiable));
  }
  if (const auto domains = item["minDomains"]) {
    constraint.min_domains = static_cast<std::int32_t>(domains.integer_between(1, int32_max, 1));
  }
  item["matchLabelKeys"].each([&](JsonCursor key) { constraint.match_label_keys.push_back(key.string()); });
  return constraint;
}

PodAffinity decode_pod_affinity(JsonCursor affinity, const std::string& pod_namespace) {
  PodAffinity result;
  affinity["requiredDuringSchedulingIgnoredDuringExecution"].each(
      [&](JsonCursor item) { result.required.push_back(decode_term(item, pod_namespace)); });
  affinity["preferredDuringSchedulingIgnoredDuringExecution"].each([&](JsonCursor item) {
    result.preferred.push_back(
        {static_cast<std::int32_t>(item["weight"].integer_between(-int32_max, int32_max, 0)),
         decode_term(item["podAffinityTerm"], pod_namespace)});
  });
  return result;
}

}  // namespace actimanager::api

#include <algorithm>

#include <fmt/format.h>

#include <actimanager/api/names.hpp>
#include <actimanager/core/utf8.hpp>

#include "../cpu_placing.hpp"
#include "plugins.hpp"

namespace actimanager::scheduler {
namespace {

void sign_term(std::string& out, const api::NodeSelectorTerm& term) {
  for (const auto* list : {&term.match_expressions, &term.match_fields}) {
    fmt::format_to(std::back_inserter(out), "({}", list->size());
    for (const auto& requirement : *list) {
      sign_text(out, requirement.key);
      sign_text(out, requirement.op);
      fmt::format_to(std::back_inserter(out), "/{}", requirement.values.size());
      for (const auto& value : requirement.values) sign_text(out, value);
    }
  }
}

}  // namespace

void normalize_to_highest(std::span<std::int64_t> scores, bool reverse) {
  const auto highest = scores.empty() ? 0 : std::max<std::int64_t>(0, std::ranges::max(scores));
  for (auto& score : scores) {
    if (highest == 0) {
      if (reverse) score = max_node_score;
      continue;
    }
    score = max_node_score * score / highest;
    if (reverse) score = max_node_score - score;
  }
}

Status filter_cpus(const CycleState& state, const NodeInfo& node) {
  auto fit = allocator::fits(node.cpus, state.cpu_wish->request(node));
  if (fit.possible) return {};
  return node.cpus.has_topology() ? unschedulable(std::move(fit.reason))
                                  : unresolvable(std::move(fit.reason));
}

Status reserve_cpus(CycleState& state, const api::Pod& pod, const NodeInfo& node) {
  if (!state.placement) state.placement = place_cpus(*state.cpu_wish, pod, node);
  return state.placement ? Status{} : unschedulable("node(s) had their CPUs taken meanwhile");
}

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

void only_fields(api::JsonCursor object, std::initializer_list<std::string_view> names) {
  object.each_member([&](std::string_view key, api::JsonCursor member) {
    if (std::ranges::find(names, key) == names.end()) member.fail("unknown field");
  });
}

void sign_text(std::string& out, std::string_view text) {
  fmt::format_to(std::back_inserter(out), "{}:{}", text.size(), text);
}

void sign_labels(std::string& out, const api::StringMap& labels) {
  fmt::format_to(std::back_inserter(out), "l{}", labels.size());
  for (const auto& [key, value] : labels) {
    sign_text(out, key);
    sign_text(out, value);
  }
}

void sign_selector(std::string& out, const api::LabelSelector& selector) {
  fmt::format_to(std::back_inserter(out), "s{}/{}", selector.given ? 1 : 0, selector.requirements.size());
  for (const auto& [key, op, values] : selector.requirements) {
    sign_text(out, key);
    sign_text(out, op);
    fmt::format_to(std::back_inserter(out), "v{}", values.size());
    for (const auto& value : values) sign_text(out, value);
  }
}

void sign_node_affinity(std::string& out, const api::Pod& pod) {
  sign_labels(out, pod.spec->node_selector);
  if (pod.node_affinity->required) {
    fmt::format_to(std::back_inserter(out), "r{}", pod.node_affinity->required->size());
    for (const auto& term : *pod.node_affinity->required) sign_term(out, term);
  }
  for (const auto& term : pod.node_affinity->preferred) {
    fmt::format_to(std::back_inserter(out), "p{}", term.weight);
    sign_term(out, term.preference);
  }
}

void sign_tolerations(std::string& out, const api::Pod& pod) {
  fmt::format_to(std::back_inserter(out), "t{}", pod.spec->tolerations.size());
  for (const auto& toleration : pod.spec->tolerations) {
    for (const auto* text : {&toleration.key, &toleration.op, &toleration.value, &toleration.effect}) {
      sign_text(out, *text);
    }
  }
}

}  // namespace actimanager::scheduler

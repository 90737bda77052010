#include "signing.hpp"

#include <fmt/format.h>

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

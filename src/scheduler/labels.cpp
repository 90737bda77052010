#include "labels.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace actimanager::scheduler {
namespace {

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Letters, digits and "-_." with a letter or digit at both ends.
bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 63 && is_alphanumeric(text.front()) &&
         is_alphanumeric(text.back()) && std::ranges::all_of(text, [](char c) {
           return is_alphanumeric(c) || c == '-' || c == '_' || c == '.';
         });
}

bool is_dns_subdomain(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  for (std::size_t start = 0; start <= text.size();) {
    const auto dot = std::min(text.find('.', start), text.size());
    const auto label = text.substr(start, dot - start);
    if (label.empty() || label.front() == '-' || label.back() == '-') return false;
    if (!std::ranges::all_of(
            label, [](char c) { return (is_alphanumeric(c) && !(c >= 'A' && c <= 'Z')) || c == '-'; })) {
      return false;
    }
    start = dot + 1;
  }
  return true;
}

std::optional<std::string> malformed_expression(const api::NodeSelectorRequirement& requirement) {
  const auto& [key, op, values] = requirement;
  if (!is_qualified_name(key)) return fmt::format("key: \"{}\" is not a label's name", key);
  for (const auto& value : values) {
    if (!is_label_value(value)) return fmt::format("values: \"{}\" is not a label's value", value);
  }
  if (op == "In" || op == "NotIn") {
    if (values.empty()) return fmt::format("values: operator {} needs one or more", op);
  } else if (op == "Exists" || op == "DoesNotExist") {
    if (!values.empty()) return fmt::format("values: operator {} takes none", op);
  } else if (op == "Gt" || op == "Lt") {
    if (values.size() != 1 || !parse_int(values[0]))
      return fmt::format("values: operator {} needs one integer", op);
  } else {
    return fmt::format("operator: \"{}\" is not one of In, NotIn, Exists, DoesNotExist, Gt, Lt", op);
  }
  return std::nullopt;
}

std::optional<std::string> malformed_field(const api::NodeSelectorRequirement& requirement) {
  if (requirement.op != "In" && requirement.op != "NotIn") {
    return fmt::format("operator: \"{}\" is not one of In, NotIn", requirement.op);
  }
  if (requirement.values.size() != 1) return "values: must have one element";
  return std::nullopt;
}

bool matches_label(const api::NodeSelectorRequirement& requirement, const api::Node& node) {
  const auto* value = node.meta.label(requirement.key);
  const auto listed = [&] {
    return std::ranges::find(requirement.values, *value) != requirement.values.end();
  };
  if (requirement.op == "In") return value != nullptr && listed();
  if (requirement.op == "NotIn") return value == nullptr || !listed();
  if (requirement.op == "Exists") return value != nullptr;
  if (requirement.op == "DoesNotExist") return value == nullptr;
  if (value == nullptr) return false;
  const auto have = parse_int(*value);
  const auto want = parse_int(requirement.values.front());
  return have && want && (requirement.op == "Gt" ? *have > *want : *have < *want);
}

// metadata.name is the one field there is; any other reads as "".
bool matches_field(const api::NodeSelectorRequirement& requirement, const api::Node& node) {
  const std::string_view value = requirement.key == "metadata.name" ? std::string_view(node.meta.name) : "";
  return (requirement.values.front() == value) == (requirement.op == "In");
}

// Whether the term is one that can match, and its expressions do.
bool labels_match(const api::NodeSelectorTerm& term, const api::Node& node) {
  if (term.match_expressions.empty() && term.match_fields.empty()) return false;
  if (malformed(term)) return false;
  return std::ranges::all_of(term.match_expressions, [&](const auto& r) { return matches_label(r, node); });
}

}  // namespace

bool is_qualified_name(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return is_name(text);
  const auto name = text.substr(slash + 1);
  return is_dns_subdomain(text.substr(0, slash)) && is_name(name);
}

bool is_label_value(std::string_view text) {
  return text.empty() || is_name(text);
}

std::optional<std::int64_t> parse_int(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  std::int64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::string> malformed(const api::NodeSelectorTerm& term) {
  for (std::size_t i = 0; i < term.match_expressions.size(); ++i) {
    if (auto why = malformed_expression(term.match_expressions[i])) {
      return fmt::format("matchExpressions[{}].{}", i, *why);
    }
  }
  for (std::size_t i = 0; i < term.match_fields.size(); ++i) {
    if (auto why = malformed_field(term.match_fields[i])) return fmt::format("matchFields[{}].{}", i, *why);
  }
  return std::nullopt;
}

bool matches(const api::NodeSelectorTerm& term, const api::Node& node) {
  return labels_match(term, node) &&
         std::ranges::all_of(term.match_fields, [&](const auto& r) { return matches_field(r, node); });
}

bool matches_any(const std::vector<api::NodeSelectorTerm>& terms, const api::Node& node) {
  return std::ranges::any_of(terms, [&](const auto& term) { return matches(term, node); });
}

bool labels_match_any(const std::vector<api::NodeSelectorTerm>& terms, const api::Node& node) {
  return std::ranges::any_of(terms, [&](const auto& term) { return labels_match(term, node); });
}

bool matches_required(const api::Pod& pod, const api::Node& node) {
  for (const auto& [key, value] : pod.spec->node_selector) {
    const auto* have = node.meta.label(key);
    if (have == nullptr || *have != value) return false;
  }
  return !pod.node_affinity->required || matches_any(*pod.node_affinity->required, node);
}

}  // namespace actimanager::scheduler

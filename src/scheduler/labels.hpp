// Names and values as apimachinery validates them, and node selectors as component-helpers matches them.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include <actimanager/api/node.hpp>

namespace actimanager::scheduler {

// By which nodes and volumes say where they are: today's names, and those before.
inline constexpr std::string_view hostname_label = "kubernetes.io/hostname";
inline constexpr std::string_view zone_label = "topology.kubernetes.io/zone";
inline constexpr std::string_view region_label = "topology.kubernetes.io/region";
inline constexpr std::string_view beta_zone_label = "failure-domain.beta.kubernetes.io/zone";
inline constexpr std::string_view beta_region_label = "failure-domain.beta.kubernetes.io/region";

// [prefix/]name: prefix a DNS subdomain, name of 63 letters, digits, '-', '_', '.' at most.
bool is_qualified_name(std::string_view text);
bool is_label_value(std::string_view text);
// Go's strconv.ParseInt(text, 10, 64).
std::optional<std::int64_t> parse_int(std::string_view text);

// A term that nobody could match for what it is (unknown operator, bad value) says why; nullopt: it is well
// formed.
std::optional<std::string> malformed(const api::NodeSelectorTerm& term);
// Every requirement of the term; an empty or malformed term matches nothing.
bool matches(const api::NodeSelectorTerm& term, const api::Node& node);
// Any of the terms.
bool matches_any(const std::vector<api::NodeSelectorTerm>& terms, const api::Node& node);
// The same of a volume's terms, for which a node has labels but no name: no matchFields of a well formed term
// speaks against it.
bool labels_match_any(const std::vector<api::NodeSelectorTerm>& terms, const api::Node& node);
// The Pod's nodeSelector and required node affinity together.
bool matches_required(const api::Pod& pod, const api::Node& node);

}  // namespace actimanager::scheduler

// NodeAffinity: the Pod's nodeSelector and node affinity, and the profile's addedAffinity on top.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "../labels.hpp"
#include "helpers.hpp"
#include "plugins.hpp"
#include "signing.hpp"

namespace actimanager::scheduler {
namespace {

using NodeNames = std::set<std::string, std::less<>>;

// The nodes a term names by metadata.name; nullopt if it names none.
std::optional<NodeNames> named_nodes(const api::NodeSelectorTerm& term) {
  std::optional<NodeNames> names;
  for (const auto& field : term.match_fields) {
    if (field.key != "metadata.name" || field.op != "In") continue;
    NodeNames these(field.values.begin(), field.values.end());
    if (names) std::erase_if(these, [&](const auto& name) { return !names->contains(name); });
    names = std::move(these);
  }
  return names;
}

// It does not match, but nobody can tell for a term that is malformed.
bool may_match(const api::Pod& pod, const api::Node& node) {
  const auto& required = pod.node_affinity->required;
  if (!required ||
      !std::ranges::any_of(*required, [](const auto& term) { return malformed(term).has_value(); }))
    return false;
  return std::ranges::all_of(pod.spec->node_selector, [&](const auto& wanted) {
    const auto* have = node.meta.label(wanted.first);
    return have != nullptr && *have == wanted.second;
  });
}

class NodeAffinity final : public Plugin {
 public:
  explicit NodeAffinity(api::NodeAffinity added) : added_(std::move(added)) {}

  std::string_view name() const override { return "NodeAffinity"; }
  Points points() const override {
    return Point::pre_filter | Point::filter | Point::pre_score | Point::score;
  }

  PreFilterResult pre_filter(CycleState&, const api::Pod& pod, const Snapshot&) const override {
    const auto& required = pod.node_affinity->required;
    if (!required && !added_.required && pod.spec->node_selector.empty()) return {skip(), {}};
    if (!required || required->empty()) return {};
    NodeNames all;
    for (const auto& term : *required) {
      const auto names = named_nodes(term);
      if (!names) return {};  // terms are alternatives: this one does not care
      all.insert(names->begin(), names->end());
    }
    if (all.empty()) return {unresolvable("pod affinity terms conflict"), {}};
    return {{}, std::move(all)};
  }

  Status filter(const CycleState&, const api::Pod& pod, const NodeInfo& node) const override {
    if (added_.required && !matches_any(*added_.required, *node.node)) {
      return unresolvable("node(s) didn't match scheduler-enforced node affinity");
    }
    if (!matches_required(pod, *node.node)) {
      return unresolvable("node(s) didn't match Pod's node affinity/selector");
    }
    return {};
  }

  Status pre_score(CycleState&, const api::Pod& pod, const Snapshot&, const NodeList&) const override {
    if (pod.node_affinity->preferred.empty() && added_.preferred.empty()) return skip();
    for (const auto& term : pod.node_affinity->preferred) {
      if (term.weight == 0) continue;
      if (auto why = malformed(term.preference)) return {Code::error, {*why}, {}};
    }
    return {};
  }

  std::int64_t score(const CycleState&, const api::Pod& pod, const NodeInfo& node) const override {
    std::int64_t sum = 0;
    for (const auto* terms : {&added_.preferred, &pod.node_affinity->preferred}) {
      for (const auto& term : *terms) {
        if (matches(term.preference, *node.node)) sum += term.weight;
      }
    }
    return sum;
  }
  bool normalizes() const override { return true; }
  void normalize(const CycleState&, const NodeList&, std::span<std::int64_t> scores) const override {
    normalize_to_highest(scores, false);
  }

  std::vector<Interest> interests() const override {
    const auto after_node = [this](const api::Pod& waiting, const Change<api::Node>& change) {
      if (added_.required && !matches_any(*added_.required, *change.after)) return Hint::skip;
      if (!matches_required(waiting, *change.after)) return queue_if(may_match(waiting, *change.after));
      return queue_if(!change.before || !matches_required(waiting, *change.before));
    };
    return {on<api::Node>(Action::add | Action::node_labels, after_node), on_node_taints()};
  }
  bool sign(const api::Pod& pod, const Snapshot&, std::string& out) const override {
    sign_node_affinity(out, pod);
    return true;
  }

 private:
  api::NodeAffinity added_;
};

std::vector<api::NodeSelectorRequirement> read_requirements(api::JsonCursor list) {
  std::vector<api::NodeSelectorRequirement> requirements;
  list.each([&](api::JsonCursor item) {
    only_fields(item, {"key", "operator", "values"});
    api::NodeSelectorRequirement requirement{item["key"].string(), item["operator"].string(), {}};
    item["values"].each([&](api::JsonCursor value) { requirement.values.push_back(value.string()); });
    requirements.push_back(std::move(requirement));
  });
  return requirements;
}

api::NodeSelectorTerm read_term(api::JsonCursor cursor) {
  only_fields(cursor, {"matchExpressions", "matchFields"});
  api::NodeSelectorTerm term{read_requirements(cursor["matchExpressions"]),
                             read_requirements(cursor["matchFields"])};
  if (const auto why = malformed(term)) cursor.fail(*why);
  return term;
}

}  // namespace

std::unique_ptr<Plugin> make_node_affinity(api::JsonCursor args) {
  api::NodeAffinity added;
  const auto affinity = args["addedAffinity"];
  only_fields(affinity, {"requiredDuringSchedulingIgnoredDuringExecution",
                         "preferredDuringSchedulingIgnoredDuringExecution"});
  only_fields(affinity["requiredDuringSchedulingIgnoredDuringExecution"], {"nodeSelectorTerms"});
  if (const auto required = affinity["requiredDuringSchedulingIgnoredDuringExecution"]) {
    added.required.emplace();
    required["nodeSelectorTerms"].each(
        [&](api::JsonCursor term) { added.required->push_back(read_term(term)); });
  }
  affinity["preferredDuringSchedulingIgnoredDuringExecution"].each([&](api::JsonCursor item) {
    only_fields(item, {"weight", "preference"});
    added.preferred.push_back({item["weight"].integer(), read_term(item["preference"])});
  });
  return std::make_unique<NodeAffinity>(std::move(added));
}

}  // namespace actimanager::scheduler

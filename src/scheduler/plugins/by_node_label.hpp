// ByNodeLabel: things of which most are for nodes with a certain label, as local volumes are: what may be for
// a node is found without a look at the others.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include <actimanager/api/node.hpp>
#include <actimanager/core/string_hash.hpp>

namespace actimanager::scheduler {

template <class T>
class ByNodeLabel {
 public:
  // It needs nodes whose label `requirements` names with the operator In; the first such label counts. What
  // has none may be for any node. `Requirements`: of a node selector's term or a label selector.
  template <class Requirements>
  void add(const T& thing, const Requirements& requirements) {
    const auto of_value =
        std::ranges::find_if(requirements, [](const auto& requirement) { return requirement.op == "In"; });
    if (of_value == std::ranges::end(requirements)) return add(thing);
    for (const auto& value : of_value->values) by_label_[of_value->key][value].push_back(thing);
  }
  void add(const T& thing) { others_.push_back(thing); }

  // Whether the condition holds for one that may be for this node.
  template <class Condition>
  bool any(const api::Node& node, const Condition& condition) const {
    for (const auto& [key, by_value] : by_label_) {
      const auto* value = node.meta.label(key);
      const auto found = value != nullptr ? by_value.find(*value) : by_value.end();
      if (found != by_value.end() && std::ranges::any_of(found->second, condition)) return true;
    }
    return std::ranges::any_of(others_, condition);
  }
  template <class Visit>
  void each(const api::Node& node, const Visit& visit) const {
    any(node, [&](const T& thing) {
      visit(thing);
      return false;
    });
  }

 private:
  using ByValue = std::unordered_map<std::string, std::vector<T>, StringHash, std::equal_to<>>;
  std::map<std::string, ByValue> by_label_;
  std::vector<T> others_;
};

}  // namespace actimanager::scheduler

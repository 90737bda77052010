// Counts by topology domain: the nodes that share one value of a label ("zone": "a") are one domain.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include <boost/container/flat_map.hpp>

#include <actimanager/api/node.hpp>
#include <actimanager/core/string_hash.hpp>

namespace actimanager::scheduler {

// By the label's value.
using DomainCounts = std::unordered_map<std::string, std::int64_t, StringHash, std::equal_to<>>;

// By the label's key, then by its value.
class TopologyCounts {
 public:
  bool empty() const { return counts_.empty(); }

  // Nothing happens if the node has no such label.
  void add(const api::Node& node, const std::string& topology_key, std::int64_t count) {
    const auto* value = node.meta.label(topology_key);
    if (value != nullptr) counts_[topology_key][*value] += count;
  }
  // The same, and a domain that comes to zero is none any more.
  void change(const api::Node& node, const std::string& topology_key, std::int64_t count) {
    const auto* value = node.meta.label(topology_key);
    if (value == nullptr) return;
    auto& domains = counts_[topology_key];
    const auto domain = domains.try_emplace(*value, 0).first;
    domain->second += count;
    if (domain->second != 0) return;
    domains.erase(domain);
    if (domains.empty()) counts_.erase(topology_key);
  }
  // Of the node's domain; 0 also where it has no such label.
  std::int64_t of(const api::Node& node, const std::string& topology_key) const {
    const auto domains = counts_.find(topology_key);
    return domains == counts_.end() ? 0 : count_in(domains->second, node, topology_key);
  }
  // Over all keys.
  std::int64_t sum(const api::Node& node) const {
    std::int64_t sum = 0;
    for (const auto& [key, domains] : counts_) sum += count_in(domains, node, key);
    return sum;
  }
  bool any(const api::Node& node) const {
    for (const auto& [key, domains] : counts_) {
      if (count_in(domains, node, key) > 0) return true;
    }
    return false;
  }

 private:
  static std::int64_t count_in(const DomainCounts& domains, const api::Node& node, const std::string& key) {
    const auto* value = node.meta.label(key);
    if (value == nullptr) return 0;
    const auto it = domains.find(*value);
    return it == domains.end() ? 0 : it->second;
  }

  boost::container::flat_map<std::string, DomainCounts> counts_;
};

}  // namespace actimanager::scheduler

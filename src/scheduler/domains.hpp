// Domains of a topology: the nodes that share one value of a label ("zone": "a") are one domain. And what
// plugins count by them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <actimanager/core/string_hash.hpp>
#include <actimanager/scheduler/snapshot.hpp>

namespace actimanager::scheduler {

// The domains of one label among the nodes of a snapshot; they stay for as long as its nodes_generation().
class Domains {
 public:
  static constexpr std::int32_t none = -1;

  Domains(std::string_view key, const std::vector<std::shared_ptr<const NodeInfo>>& slots);

  const std::string& key() const { return key_; }
  std::size_t size() const { return nodes_.size(); }
  // none: the node has no such label, or the slot no node.
  std::int32_t of(std::size_t slot) const { return of_slot_[slot]; }
  std::int32_t find(std::string_view value) const;
  std::int32_t find(const api::Node& node) const;
  // Whether it is of one node only. That of the empty value never is, for some take nodes without the label
  // to be in it.
  bool is_single(std::int32_t domain) const { return nodes_[static_cast<std::size_t>(domain)] == 1; }

 private:
  std::string key_;
  std::vector<std::int32_t> of_slot_;
  std::vector<std::int32_t> nodes_;  // how many, by domain
  std::unordered_map<std::string, std::int32_t, StringHash, std::equal_to<>> by_value_;
};

// A number for each node, summed up over the domains of a label.
class DomainSums {
 public:
  // `without_label`: the domain where nodes without the label count; none: nowhere.
  explicit DomainSums(std::shared_ptr<const Domains> domains, std::int32_t without_label = Domains::none)
      : domains_(std::move(domains)), without_label_(without_label), sums_(domains_->size()) {}

  const Domains& domains() const { return *domains_; }
  // Where the node counts; none: nowhere.
  std::int32_t home(std::size_t slot) const {
    const auto domain = domains_->of(slot);
    return domain == Domains::none ? without_label_ : domain;
  }
  // In place of the number that the node had, 0 to begin with.
  void set(std::size_t slot, std::int64_t number);
  std::int64_t of(std::int32_t domain) const {
    return domain == Domains::none ? 0 : sums_[static_cast<std::size_t>(domain)];
  }
  // Of the domain with the node's label; 0 without one.
  std::int64_t of(const api::Node& node) const { return of(domains_->find(node)); }
  std::int64_t total() const { return total_; }

  // Nodes with equal marks have equal sums, and keep them equal while the numbers of other nodes change: a
  // domain of one node is marked with its sum, another with what it is. See Plugin::facet.
  std::int64_t mark(std::size_t slot) const;

 private:
  std::shared_ptr<const Domains> domains_;
  std::int32_t without_label_;
  std::vector<std::int64_t> numbers_;  // by slot; none beyond the end
  std::vector<std::int64_t> sums_;     // by domain
  std::int64_t total_ = 0;
};

// Sums that follow from the kinds of Pods on the nodes: for each thing that is counted and each label.
class KindTally {
 public:
  // One kind's Pods count for the sums of this thing and label, each so much.
  struct Effect {
    int what;
    const std::string& key;
    std::int64_t amount;
  };

  // Brings the sums up to the snapshot. `effects(kind, add)` calls add(Effect) for all that the kind has, and
  // always the same. Returns whether there are sums that there were not.
  template <class Effects>
  bool update(const Snapshot& snapshot, const Effects& effects) {
    const auto before = columns_.size();
    const auto find_additions = [&](const PodKind& kind, Additions& additions) {
      effects(kind, [&](const Effect& effect) {
        additions.emplace_back(column(effect.what, effect.key, snapshot), effect.amount);
      });
    };
    if (std::exchange(counted_, true)) {
      Additions additions;
      count_changes(snapshot, [&](const NodeInfo::KindCount& pods) -> const Additions& {
        additions.clear();
        find_additions(*pods.kind, additions);
        return additions;
      });
    } else {
      // All nodes at once: each kind is asked about once, and no node where no kind has any effect.
      std::vector<Additions> by_id;
      for (const auto& kind : snapshot.kinds()) {
        if (kind->id >= by_id.size()) by_id.resize(kind->id + 1);
        find_additions(*kind, by_id[kind->id]);
      }
      if (!columns_.empty()) {
        count_changes(snapshot,
                      [&](const NodeInfo::KindCount& pods) -> const Additions& { return by_id[pods.id]; });
      }
    }
    seen_ = snapshot.generation();
    return columns_.size() > before;
  }

  // Calls use(key, sums) for each label by which this is counted.
  template <class Use>
  void each(int what, const Use& use) const {
    for (const auto& column : columns_) {
      if (column.what == what) use(column.sums.domains().key(), column.sums);
    }
  }
  // nullptr: nothing has counted yet.
  const DomainSums* find(int what, std::string_view key) const;
  // Whether every number is 0.
  bool is_empty(int what) const;

 private:
  using Additions = std::vector<std::pair<std::size_t, std::int64_t>>;  // column, amount for each Pod
  struct Column {
    int what;
    DomainSums sums;
  };
  std::size_t column(int what, std::string_view key, const Snapshot& snapshot);

  template <class AdditionsOf>
  void count_changes(const Snapshot& snapshot, const AdditionsOf& additions_of) {
    std::vector<std::int64_t> numbers;
    snapshot.each_change_since(seen_, [&](std::size_t slot) {
      numbers.assign(columns_.size(), 0);
      if (const auto& info = snapshot.slots()[slot]) {
        for (const auto& pods : info->kinds) {
          for (const auto& [index, amount] : additions_of(pods)) {
            if (index >= numbers.size()) numbers.resize(columns_.size());
            numbers[index] += amount * pods.count;
          }
        }
      }
      for (std::size_t i = 0; i < numbers.size(); ++i) columns_[i].sums.set(slot, numbers[i]);
    });
  }

  std::vector<Column> columns_;
  bool counted_ = false;
  std::uint64_t seen_ = 0;  // the snapshot's generation
};

}  // namespace actimanager::scheduler

#include "domains.hpp"

#include <algorithm>

namespace actimanager::scheduler {

Domains::Domains(std::string_view key, const std::vector<std::shared_ptr<const NodeInfo>>& slots)
    : key_(key), of_slot_(slots.size(), none) {
  for (std::size_t slot = 0; slot < slots.size(); ++slot) {
    const auto* value = slots[slot] == nullptr ? nullptr : slots[slot]->node->meta.label(key);
    if (value == nullptr) continue;
    const auto [it, is_new] = by_value_.try_emplace(*value, static_cast<std::int32_t>(nodes_.size()));
    if (is_new) nodes_.push_back(value->empty() ? 1 : 0);
    of_slot_[slot] = it->second;
    ++nodes_[static_cast<std::size_t>(it->second)];
  }
}

std::int32_t Domains::find(std::string_view value) const {
  const auto it = by_value_.find(value);
  return it == by_value_.end() ? none : it->second;
}

std::int32_t Domains::find(const api::Node& node) const {
  const auto* value = node.meta.label(key_);
  return value == nullptr ? none : find(*value);
}

void DomainSums::set(std::size_t slot, std::int64_t number) {
  const auto domain = home(slot);
  if (domain == Domains::none) return;
  if (slot >= numbers_.size()) {
    if (number == 0) return;
    numbers_.resize(slot + 1);
  }
  const auto change = number - std::exchange(numbers_[slot], number);
  sums_[static_cast<std::size_t>(domain)] += change;
  total_ += change;
}

std::int64_t DomainSums::mark(std::size_t slot) const {
  const auto domain = home(slot);
  if (domain == Domains::none || !domains_->is_single(domain)) return domain;
  // Below those of domains: -2, -3, … for the sums 0, -1, 1, -2, 2, …
  const auto sum = of(domain);
  return -2 - (sum < 0 ? -2 * sum - 1 : 2 * sum);
}

const DomainSums* KindTally::find(int what, std::string_view key) const {
  const auto it = std::ranges::find_if(columns_, [&](const Column& column) {
    return column.what == what && column.sums.domains().key() == key;
  });
  return it == columns_.end() ? nullptr : &it->sums;
}

bool KindTally::is_empty(int what) const {
  return std::ranges::none_of(
      columns_, [&](const Column& column) { return column.what == what && column.sums.total() != 0; });
}

std::size_t KindTally::column(int what, std::string_view key, const Snapshot& snapshot) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].what == what && columns_[i].sums.domains().key() == key) return i;
  }
  columns_.push_back({what, DomainSums(snapshot.domains(key))});
  return columns_.size() - 1;
}

}  // namespace actimanager::scheduler

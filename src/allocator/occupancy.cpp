#include <cassert>

#include <actimanager/allocator/exclusiveness.hpp>
#include <actimanager/allocator/occupancy.hpp>

namespace actimanager::allocator {

Occupancy::Occupancy(std::shared_ptr<const topology::Topology> topology, CpuSet reserved)
    : topology_(std::move(topology)), reserved_(std::move(reserved)) {
  if (topology_ == nullptr) return;
  reserved_ &= topology_->cpus();
  if (const auto last = topology_->cpus().last()) {
    exclusive_count_.resize(static_cast<std::size_t>(last->value) + 1);
    shared_count_.resize(exclusive_count_.size());
  }
  refresh();
}

template <class Count>
void Occupancy::tally(const Holding& holding, Count count) {
  if (topology_ == nullptr) return;
  const bool shared = holding.level == api::ExclusivenessLevel::none;
  const CpuSet cpus = shared ? holding.cpus : exclusive_cpus(*topology_, holding.cpus, holding.level);
  auto& counts = shared ? shared_count_ : exclusive_count_;
  for (const CpuId cpu : cpus & topology_->cpus()) count(counts[static_cast<std::size_t>(cpu.value)]);
  refresh();
}

void Occupancy::add(const Holding& holding) {
  tally(holding, [](std::uint16_t& n) { ++n; });
}

void Occupancy::remove(const Holding& holding) {
  tally(holding, [](std::uint16_t& n) {
    assert(n > 0);
    --n;
  });
}

void Occupancy::refresh() {
  exclusive_.clear();
  shared_.clear();
  for (const CpuId cpu : topology_->cpus()) {
    const auto i = static_cast<std::size_t>(cpu.value);
    if (exclusive_count_[i] > 0) exclusive_.insert(cpu);
    if (shared_count_[i] > 0) shared_.insert(cpu);
  }
  free_ = topology_->cpus();
  free_ -= exclusive_;
  pool_size_ = free_.size();
  free_ -= shared_;
  free_ -= reserved_;
  free_size_ = free_.size();
  idle_leaders_.clear();
  for (const auto& core : topology_->cores()) {
    if (free_.includes(core.cpus)) idle_leaders_.insert(*core.cpus.first());
  }
  idle_cores_ = idle_leaders_.size();
}

CpuSet Occupancy::pool() const {
  return topology_ == nullptr ? CpuSet{} : topology_->cpus() - exclusive_;
}

int Occupancy::sharers(CpuId cpu) const {
  const auto i = static_cast<std::size_t>(cpu.value);
  return i < shared_count_.size() ? shared_count_[i] : 0;
}

}  // namespace actimanager::allocator

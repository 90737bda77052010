#include <algorithm>

#include <fmt/format.h>

#include <actimanager/allocator/exclusiveness.hpp>
#include <actimanager/allocator/resize.hpp>

#include "choice.hpp"
#include "resizing.hpp"

namespace actimanager::allocator {
namespace {

using api::ExclusivenessLevel;

// What is taken whole at a level: single CPUs, cores, sockets or NUMA nodes.
std::vector<CpuSet> units_of(const topology::Topology& topology, ExclusivenessLevel level) {
  std::vector<CpuSet> units;
  const auto add = [&](const auto& parts) {
    for (const auto& part : parts) {
      if (!part.cpus.empty()) units.push_back(part.cpus);
    }
  };
  if (level == ExclusivenessLevel::core) add(topology.cores());
  if (level == ExclusivenessLevel::socket) add(topology.sockets());
  if (level == ExclusivenessLevel::numa) add(topology.numa_nodes());
  return units;
}

class Growth {
 public:
  Growth(const Occupancy& others, CpuSet open, CpuSet kept, const Request& request)
      : others_(others),
        topology_(others.topology()),
        open_(std::move(open)),
        kept_(std::move(kept)),
        request_(request),
        budget_(budget(others, request)) {}

  std::optional<CpuSet> find() const {
    switch (request_.level) {
      case ExclusivenessLevel::none:
        return among_shared();
      case ExclusivenessLevel::cpu:
        return shaped(open_);
      case ExclusivenessLevel::core:
        return in_cores();
      case ExclusivenessLevel::socket:
      case ExclusivenessLevel::numa:
        return in_units();
    }
    return std::nullopt;
  }

 private:
  // Grown out of `open`, if the pool can spare it.
  std::optional<CpuSet> shaped(const CpuSet& open) const { return grown(open, request_.shape); }
  std::optional<CpuSet> grown(const CpuSet& open, Shape shape) const {
    auto cpus = grow(topology_, open, kept_, shape, request_.cpus);
    if (cpus && exclusive_cpus(topology_, *cpus, request_.level).size() > budget_) cpus.reset();
    return cpus;
  }

  // As place() does: the shape out of what is not reserved, else whatever can be shared.
  std::optional<CpuSet> among_shared() const {
    const auto parts = least_shared_first(others_, open_ - others_.reserved());
    for (const auto shape : {request_.shape, Shape::packed}) {
      for (const auto& part : parts)
        if (auto cpus = grow(topology_, part | kept_, kept_, shape, request_.cpus)) return cpus;
    }
    return grow(topology_, open_, kept_, Shape::packed, request_.cpus);
  }

  std::optional<CpuSet> in_cores() const {
    if (auto cpus = shaped(open_)) return cpus;
    if (request_.shape == Shape::spread) {
      if (auto cpus = grown(open_, Shape::packed)) return cpus;
    }
    return with_cheapest(open_);
  }

  // What it has whole already costs nothing more; then a unit of the same socket.
  std::optional<CpuSet> in_units() const {
    const CpuSet paid = exclusive_cpus(topology_, kept_, request_.level);
    if (auto cpus = shaped(paid)) return cpus;
    if (auto cpus = with_cheapest(open_ & topology_.widen_to_sockets(kept_))) return cpus;
    return with_cheapest(open_);
  }

  // Out of the units it has and the cheapest others that are enough.
  std::optional<CpuSet> with_cheapest(const CpuSet& open) const {
    const CpuSet paid = exclusive_cpus(topology_, kept_, request_.level);
    std::vector<Unit> units;
    for (const auto& unit : units_of(topology_, request_.level)) {
      if (open.includes(unit) && !unit.intersects(paid)) units.push_back({unit, capacity(unit), unit.size()});
    }
    const int missing = request_.cpus - kept_.size() - (capacity(paid) - own_capacity());
    CpuSet within = paid;
    if (missing > 0) {
      const auto chosen = cheapest(units, missing, budget_ - paid.size());
      if (!chosen) return std::nullopt;
      for (const auto i : *chosen) within |= units[i].cpus;
    }
    return shaped(within);
  }

  // How many CPUs of a set the shape can name, and how many of those of its own units are named already.
  int capacity(const CpuSet& cpus) const {
    if (request_.shape != Shape::one_per_core) return cpus.size();
    return static_cast<int>(whole_cores(topology_, cpus).size());
  }
  int own_capacity() const {
    if (request_.shape != Shape::one_per_core) return kept_.size();
    return capacity(topology_.widen_to_cores(kept_));
  }

  const Occupancy& others_;
  const topology::Topology& topology_;
  CpuSet open_, kept_;
  const Request& request_;
  int budget_;
};

// Every CPU that may be named: its whole unit can be had.
CpuSet open_cpus(const Occupancy& others, ExclusivenessLevel level) {
  if (level == ExclusivenessLevel::none) return others.pool();
  if (level == ExclusivenessLevel::cpu) return others.free();
  CpuSet open;
  for (const auto& unit : units_of(others.topology(), level)) {
    if (others.free().includes(unit)) open |= unit;
  }
  return open;
}

std::string missing_cpus(const Request& request, int more) {
  const auto* plural = more == 1 ? "" : "s";
  const bool per_core = request.shape == Shape::one_per_core;
  switch (request.level) {
    case ExclusivenessLevel::none:
      return fmt::format("{} more CPU{} to share", more, plural);
    case ExclusivenessLevel::cpu:
      return per_core ? fmt::format("{} more idle physical core{}", more, plural)
                      : fmt::format("{} more free CPU{}", more, plural);
    case ExclusivenessLevel::core:
      return per_core ? fmt::format("{} more idle physical core{}", more, plural)
                      : fmt::format("{} more CPU{} in idle physical cores", more, plural);
    case ExclusivenessLevel::socket:
    case ExclusivenessLevel::numa:
      return fmt::format("{} more {}{} in free whole {}", more, per_core ? "core" : "CPU", plural,
                         request.level == ExclusivenessLevel::socket ? "sockets" : "NUMA nodes");
  }
  return {};
}

}  // namespace

Resized resize(const Occupancy& others, const CpuSet& now, const Request& wanted) {
  Request request = wanted;
  if (request.shape == Shape::single) request.cpus = 1;
  const CpuSet open = open_cpus(others, request.level);
  const CpuSet kept = now & open;
  if (kept.size() >= request.cpus) {
    auto cpus = shrink(others.topology(), kept, request.shape, request.level, request.cpus);
    return {.cpus = std::move(cpus), .missing = {}};
  }
  if (kept.empty()) {
    auto placement = place(others, request);
    if (placement) return {.cpus = std::move(placement->cpus), .missing = {}};
  } else if (auto cpus = Growth(others, open, kept, request).find()) {
    return {.cpus = std::move(cpus), .missing = {}};
  }
  auto missing = missing_cpus(request, request.cpus - kept.size());
  // Nobody has them, but the shared pool may not go without.
  Request regardless = request;
  regardless.min_pool = 0;
  if (!kept.empty() && Growth(others, open, kept, regardless).find()) {
    missing += fmt::format(" beside the {} that its shared pool needs", request.min_pool);
  }
  return {.cpus = std::nullopt, .missing = std::move(missing)};
}

}  // namespace actimanager::allocator

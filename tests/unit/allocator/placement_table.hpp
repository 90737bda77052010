// Tables of placements: a machine, what is held of it, a request, and the CPUs it should get.
#pragma once

#include <vector>

#include <catch2/catch_test_macros.hpp>

#include <actimanager/allocator/placement.hpp>

#include "machines.hpp"

namespace actimanager::allocator::testing {

using Level = api::ExclusivenessLevel;

struct Row {
  const char* what;
  topology::testing::Machine machine;
  std::vector<Holding> held;
  Request request;
  const char* cpus;  // "" : does not fit
  const char* reason = "";
  CpuSet reserved = {};
};

inline Occupancy occupied(const topology::testing::Machine& machine, const CpuSet& reserved,
                          const std::vector<Holding>& held) {
  Occupancy occupancy(machine, reserved);
  for (const auto& holding : held) occupancy.add(holding);
  return occupancy;
}

inline void check(const Row& row) {
  INFO(row.what);
  const auto occupancy = occupied(row.machine, row.reserved, row.held);
  const auto fit = fits(occupancy, row.request);
  const auto placement = place(occupancy, row.request);
  CHECK(fit.reason == row.reason);
  CHECK(fit.possible == placement.has_value());
  CHECK((placement ? placement->cpus.to_string() : "") == row.cpus);
  if (placement) CHECK(placement->level == row.request.level);
}

inline Holding held(const char* cpus, Level level) {
  return {*CpuSet::parse(cpus), level};
}

}  // namespace actimanager::allocator::testing

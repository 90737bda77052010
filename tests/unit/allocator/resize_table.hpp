// Tables of resizes: a machine, what others hold of it, what a Pod has and asks for, and what it should get.
#pragma once

#include <actimanager/allocator/resize.hpp>

#include "placement_table.hpp"

namespace actimanager::allocator::testing {

struct ResizeRow {
  const char* what;
  topology::testing::Machine machine;
  std::vector<Holding> others;
  const char* now;
  Request request;
  const char* cpus;  // "": there are not as many
  const char* missing = "";
  CpuSet reserved = {};
};

inline void check(const ResizeRow& row) {
  INFO(row.what);
  const auto occupancy = occupied(row.machine, row.reserved, row.others);
  const auto resized = resize(occupancy, *CpuSet::parse(row.now), row.request);
  CHECK((resized.cpus ? resized.cpus->to_string() : "") == row.cpus);
  CHECK(resized.missing == row.missing);
}

}  // namespace actimanager::allocator::testing

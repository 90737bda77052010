#include "binding_holdings.hpp"

#include <catch2/catch_test_macros.hpp>

#include "fixtures.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;
using Level = api::ExclusivenessLevel;
using Holdings = std::vector<allocator::Holding>;

TEST_CASE("a binding holds what it asks for, and what it was granted until an edit is judged") {
  auto binding = make_binding(make_pod("p"), "n", "0-3", Level::core);
  CHECK(holdings_of(binding) == Holdings{{{0, 1, 2, 3}, Level::core}});
  binding.meta.generation = 2;
  binding.status.admitted = {.generation = 2, .cpu_set = {0, 1, 2, 3}, .exclusive_cpus = {0, 1, 2, 3}};
  CHECK(holdings_of(binding) == Holdings{{{0, 1, 2, 3}, Level::core}});
  binding.status.admitted = {.generation = 1, .cpu_set = {4, 5}, .exclusive_cpus = {4}};
  CHECK(holdings_of(binding) == Holdings{{{0, 1, 2, 3}, Level::core}, {{4}, Level::cpu}, {{5}, Level::none}});
  // Refused: the older grant alone is in force.
  binding.status.observed_generation = 2;
  binding.status.resource_status = api::BindingStatus::invalid_cpu_set;
  CHECK(holdings_of(binding) == Holdings{{{4}, Level::cpu}, {{5}, Level::none}});
  binding.status.resource_status = api::BindingStatus::applied;
  binding.spec.cpu_set = {};
  binding.status.admitted.reset();
  CHECK(holdings_of(binding).empty());
}

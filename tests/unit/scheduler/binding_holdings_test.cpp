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
  binding.spec.cpu_set = {};
  binding.status.admitted.reset();
  CHECK(holdings_of(binding).empty());
}

TEST_CASE("a binding's Pod is the one of its name that owns it") {
  auto binding = make_binding(make_pod("p"), "n", "0", Level::cpu);
  CHECK(owner_of(binding) == "uid-p");
  binding.spec.pod_name = "q";
  CHECK(owner_of(binding).empty());
}

TEST_CASE("a binding's node is that of its label, else of its status") {
  auto binding = make_binding(make_pod("p"), "n", "0", Level::cpu);
  binding.status.node_name = "m";
  CHECK(named_node_of(binding) == "n");
  binding.meta.labels->clear();
  CHECK(named_node_of(binding) == "m");
  binding.status.node_name.clear();
  CHECK(named_node_of(binding).empty());
}

// Random machines, random neighbours, random resizes: what resize() returns is admissible and keeps all it
// can, and it returns something exactly when a search over all supersets (subsets) of what is kept finds one.
#include <algorithm>

#include <catch2/catch_test_macros.hpp>

#include <actimanager/allocator/exclusiveness.hpp>
#include <actimanager/allocator/resize.hpp>

#include "machines.hpp"
#include "search.hpp"

using namespace actimanager;
using namespace actimanager::allocator;
using actimanager::allocator::testing::any_subset;
using actimanager::allocator::testing::pick;
using Level = api::ExclusivenessLevel;

namespace {

CpuSet some_of(std::mt19937& random, const CpuSet& cpus, int one_in) {
  CpuSet some;
  for (const CpuId cpu : cpus) {
    if (pick(random, 1, one_in) == 1) some.insert(cpu);
  }
  return some;
}

// What a set keeps from others, and may not.
bool may_hold(const Occupancy& others, const Request& request, const CpuSet& cpus) {
  const auto& machine = others.topology();
  const CpuSet exclusive = exclusive_cpus(machine, cpus, request.level);
  if (!machine.cpus().includes(cpus) || cpus.intersects(others.exclusive())) return false;
  if (exclusive.intersects(others.exclusive() | others.shared() | others.reserved())) return false;
  return request.level != Level::numa ||
         std::ranges::all_of(cpus, [&](CpuId cpu) { return machine.numa_node_of(cpu) != nullptr; });
}

CpuSet keepable(const Occupancy& others, const Request& request, const CpuSet& now) {
  CpuSet kept;
  for (const CpuId cpu : now) {
    if (may_hold(others, request, CpuSet{cpu.value})) kept.insert(cpu);
  }
  return kept;
}

// Whether `cpus` may be what `kept` has grown to.
bool is_growth(const Occupancy& others, const Request& request, const CpuSet& kept, const CpuSet& cpus) {
  const auto& machine = others.topology();
  if (cpus.size() != request.cpus || !cpus.includes(kept) || !may_hold(others, request, cpus)) return false;
  if (request.level == Level::none) return true;
  if ((others.pool() - exclusive_cpus(machine, cpus, request.level)).size() < request.min_pool) return false;
  if (request.shape != Shape::one_per_core) return true;
  CpuSet touched = machine.widen_to_cores(kept);
  for (const CpuId cpu : cpus - kept) {
    const auto& core = machine.core_of(cpu)->cpus;
    if (touched.intersects(core) || !others.free().includes(core)) return false;
    touched |= core;
  }
  return true;
}

bool any_growth(const Occupancy& others, const Request& request, const CpuSet& kept) {
  return any_subset(others.topology().cpus() - kept, request.cpus - kept.size(), kept,
                    [&](const CpuSet& cpus) { return is_growth(others, request, kept, cpus); });
}

struct Round {
  topology::testing::Machine machine;
  Occupancy others;
  CpuSet now;
  Request request;
};

Round random_round(std::mt19937& random, int max_cpus) {
  Round round{topology::testing::random_machine(random, max_cpus), {}, {}, {}};
  const auto& cpus = round.machine->cpus();
  round.others = Occupancy(round.machine, some_of(random, cpus, 12));
  for (int i = pick(random, 0, 2); i > 0; --i) {
    round.others.add({some_of(random, cpus, 5), static_cast<Level>(pick(random, 0, 2))});
  }
  round.now = some_of(random, cpus, 3);
  round.request = {.shape = static_cast<Shape>(pick(random, 0, 4)),
                   .level = static_cast<Level>(pick(random, 0, 4)),
                   .cpus = pick(random, 1, 7),
                   .min_pool = pick(random, 1, 3)};
  if (round.request.shape == Shape::single) round.request.cpus = 1;
  return round;
}

}  // namespace

TEST_CASE("a resize keeps all it can, takes nothing of others, and fits exactly when a full search says so") {
  std::mt19937 random(20250701);
  int grown = 0;
  int shrunk = 0;
  int refused = 0;
  for (int i = 0; i < 6000; ++i) {
    const auto [machine, others, now, request] = random_round(random, 10);
    const auto kept = keepable(others, request, now);
    const auto resized = resize(others, now, request);
    CAPTURE(i, static_cast<int>(request.shape), static_cast<int>(request.level), request.cpus,
            request.min_pool, machine->cpus().to_string(), others.free().to_string(), now.to_string(),
            kept.to_string(), resized.missing);
    REQUIRE(resized.cpus.has_value() == resized.missing.empty());
    if (!resized.cpus) {
      if (!kept.empty()) REQUIRE_FALSE(any_growth(others, request, kept));
      ++refused;
      continue;
    }
    CAPTURE(resized.cpus->to_string());
    REQUIRE(resized.cpus->size() == request.cpus);
    REQUIRE(may_hold(others, request, *resized.cpus));
    REQUIRE(resized.cpus->count_common(kept) == std::min(kept.size(), request.cpus));
    if (kept.size() >= request.cpus) {
      ++shrunk;
    } else if (!kept.empty()) {
      REQUIRE(is_growth(others, request, kept, *resized.cpus));
      ++grown;
    }
    REQUIRE(resize(others, now, request).cpus == resized.cpus);
    REQUIRE(resize(others, *resized.cpus, request).cpus == resized.cpus);
  }
  // All happen often, or the test shows little.
  CHECK(grown > 500);
  CHECK(shrunk > 500);
  CHECK(refused > 500);
}

TEST_CASE("a spread that grows or shrinks is never less even than it has to be") {
  std::mt19937 random(11);
  for (int i = 0; i < 3000; ++i) {
    auto [machine, others, now, request] = random_round(random, 30);
    request.shape = Shape::spread;
    request.level = Level::cpu;
    const auto with_cpus =
        std::ranges::count_if(machine->numa_nodes(), [](const auto& n) { return !n.cpus.empty(); });
    if (with_cpus < std::ssize(machine->sockets())) continue;  // spread over sockets instead
    const auto kept = keepable(others, request, now);
    const auto resized = resize(others, now, request).cpus;
    if (!resized || kept.empty()) continue;
    CAPTURE(i, kept.to_string(), resized->to_string(), others.free().to_string());
    for (const auto& a : machine->numa_nodes()) {
      for (const auto& b : machine->numa_nodes()) {
        const int in_a = resized->count_common(a.cpus);
        const int in_b = resized->count_common(b.cpus);
        if (in_a <= in_b + 1) continue;
        if (kept.size() < request.cpus) {
          // Nothing was added to the fuller of two while the other had room.
          REQUIRE((in_a == kept.count_common(a.cpus) || in_b == others.free().count_common(b.cpus)));
        } else {
          REQUIRE(in_b == kept.count_common(b.cpus));  // nothing was taken from the emptier
        }
      }
    }
  }
}

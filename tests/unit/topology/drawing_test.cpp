#include <catch2/catch_test_macros.hpp>

#include <actimanager/topology/drawing.hpp>

#include "drawing_goldens.hpp"
#include "machines.hpp"

using namespace actimanager;
using namespace actimanager::topology;
using namespace topology::testing;

namespace {

std::string ascii(const Topology& machine, DrawOptions options = {}) {
  options.title = "m";
  options.ascii = true;
  return "\n" + draw(machine, options);
}

// With everything that can be said of it: memory, distances, cache sizes, a node of memory only.
Machine with_details() {
  auto parts = four_numa_nodes()->parts();
  for (std::size_t i = 0; i < parts.numa_nodes.size(); ++i) {
    parts.numa_nodes[i].memory_bytes = 8ULL << 30;
    parts.numa_nodes[i].distances = {10, 12, 20, 20, 40};
    parts.caches[i].size_bytes = 16ULL << 20;
  }
  parts.numa_nodes.push_back(
      {.id = NumaId{4}, .cpus = {}, .memory_bytes = 1ULL << 40, .distances = {40, 40, 40, 40, 10}});
  return std::make_shared<Topology>(value_or_throw(Topology::make(std::move(parts))));
}

}  // namespace

TEST_CASE("machines are drawn as people know them") {
  CHECK("\n" + draw(*dual_socket_smt(), {.title = "m"}) == goldens::dual_socket_smt);
  CHECK(ascii(*dual_socket_smt()) == goldens::dual_socket_smt_ascii);
  CHECK(ascii(*four_numa_nodes()) == goldens::four_numa_nodes_ascii);
  CHECK(ascii(*hybrid()) == goldens::hybrid_ascii);
  CHECK(ascii(*with_details()) == goldens::with_details_ascii);
  CHECK(ascii(*make_machine({.numa_per_socket = 0, .cores_per_numa = 2})) == goldens::without_numa_ascii);
  CHECK(ascii(Topology()) == "\nm: 0 sockets, 0 cores, 0 threads\n");
}

TEST_CASE("what is too wide is broken into rows of cores, their threads below each other") {
  CHECK(ascii(*make_machine({.cores_per_numa = 20}), {.width = 40}) == goldens::twenty_cores_ascii);
}

TEST_CASE("owners are marked on their CPUs and told below") {
  const DrawOptions options{.show_owners = true,
                            .owners = {{"default/web", {0, 4}}, {"default/db", {1, 5}}, {"batch/x", {5, 99}}},
                            .reserved = {3, 4}};
  CHECK(ascii(*one_socket_smt(), options) == goldens::owners_ascii);
}

TEST_CASE("more owners than letters share the last mark") {
  DrawOptions options{.show_owners = true};
  for (int i = 0; i < 60; ++i) options.owners.push_back({"p" + std::to_string(i), {i}});
  const auto drawing = ascii(*make_machine({.cores_per_numa = 60, .threads = 1}), options);
  CHECK(drawing.contains(" 0A  1B "));
  CHECK(drawing.contains(" 42q 43s "));  // r is for reserved CPUs
  CHECK(drawing.contains("50z 51# "));
  CHECK(drawing.contains("# p59 (59)"));
}

TEST_CASE("long lists of CPUs are counted instead") {
  const auto machine = make_machine({.sockets = 8, .cores_per_numa = 3, .siblings_last = false});
  DrawOptions options{.show_owners = true, .owners = {{"every other", {}}}};
  for (int cpu = 0; cpu < 48; cpu += 2) options.owners[0].cpus.insert(CpuId{cpu});
  CHECK(ascii(*machine, options).contains("A every other\n") == false);  // the legend goes on
  CHECK(ascii(*machine, options).contains("A every other   . free"));
}

// What must hold for the drawing of any machine.
#include <algorithm>
#include <random>
#include <sstream>

#include <catch2/catch_test_macros.hpp>

#include <actimanager/topology/drawing.hpp>

#include "machines.hpp"
#include "text.hpp"

using namespace actimanager;
using namespace actimanager::topology;

namespace {

// The numbers inside the boxes: lines between two '|' that hold nothing but digits and spaces.
std::vector<int> drawn_cpus(const std::string& drawing) {
  std::vector<int> cpus;
  std::istringstream lines(drawing);
  for (std::string line; std::getline(lines, line);) {
    for (std::size_t at = line.find('|'); at != std::string::npos;) {
      const auto end = line.find('|', at + 1);
      const auto inside = line.substr(at + 1, end - at - 1);
      if (end != std::string::npos && inside.find_first_not_of("0123456789 ") == std::string::npos) {
        std::istringstream numbers(inside);
        for (int cpu = 0; numbers >> cpu;) cpus.push_back(cpu);
      }
      at = end;
    }
  }
  return cpus;
}

}  // namespace

TEST_CASE("every CPU of any machine is drawn exactly once, within the width") {
  std::mt19937 random(11);
  for (int round = 0; round < 400; ++round) {
    const auto machine = topology::testing::random_machine(random, 64);
    const int width = std::uniform_int_distribution(0, 120)(random);
    CAPTURE(round, width);
    const auto drawing = draw(*machine, {.title = "m", .ascii = true, .width = width});

    auto cpus = drawn_cpus(drawing);
    std::ranges::sort(cpus);
    std::vector<int> expected;
    for (const CpuId cpu : machine->cpus()) expected.push_back(cpu.value);
    REQUIRE(cpus == expected);

    REQUIRE(drawing.ends_with('\n'));
    std::istringstream lines(drawing);
    for (std::string line; std::getline(lines, line);) {
      REQUIRE(std::ranges::none_of(line, [](char c) { return c < ' ' || c > '~'; }));
      REQUIRE_FALSE(line.ends_with(' '));
      const bool label = line.find("- ") != std::string::npos || line.starts_with("m: ");
      REQUIRE((label || columns(line) <= std::max(40, width)));
    }
  }
}

TEST_CASE("a drawing says the same with and without colours and frames") {
  std::mt19937 random(12);
  for (int round = 0; round < 50; ++round) {
    const auto machine = topology::testing::random_machine(random, 32);
    DrawOptions options{.show_owners = true, .owners = {{"a", machine->cpus()}}};
    const auto plain = draw(*machine, options);
    options.colour = true;
    auto coloured = draw(*machine, options);
    REQUIRE(coloured.contains('\x1b'));
    for (auto at = coloured.find('\x1b'); at != std::string::npos; at = coloured.find('\x1b', at)) {
      coloured.erase(at, coloured.find('m', at) - at + 1);
    }
    REQUIRE(coloured == plain);
  }
}

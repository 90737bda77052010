#include "quarrel.hpp"

#include <catch2/catch_test_macros.hpp>

using actimanager::roles::Quarrel;
using namespace std::chrono_literals;

namespace {

const Quarrel::TimePoint start{1000s};

// As many repairs as make it a quarrel, the first at `start`, one each 100 ms.
Quarrel a_quarrel() {
  Quarrel quarrel;
  for (std::size_t i = 0; i < Quarrel::repairs_at_once; ++i) {
    CHECK(quarrel.may_repair(start + i * 100ms));
    const bool begins = quarrel.repaired("koordlet", start + i * 100ms);
    CHECK(begins == (i + 1 == Quarrel::repairs_at_once));
  }
  return quarrel;
}

}  // namespace

TEST_CASE("a few repairs are none") {
  Quarrel quarrel;
  CHECK_FALSE(quarrel.going_on(start));
  for (int i = 0; i < 100; ++i) {
    CHECK_FALSE(quarrel.repaired("runc", start + i * 1s));
    CHECK(quarrel.may_repair(start + i * 1s));
  }
  CHECK_FALSE(quarrel.going_on(start + 100s));
}

TEST_CASE("many at once are, and it is left alone until the first is long ago") {
  const auto quarrel = a_quarrel();
  CHECK(quarrel.going_on(start + 2s));
  CHECK(quarrel.other() == "koordlet");
  CHECK_FALSE(quarrel.may_repair(start + 2s));
  CHECK_FALSE(quarrel.may_repair(start + Quarrel::repair_window));
  CHECK(quarrel.may_repair(start + Quarrel::repair_window + 1ms));
}

TEST_CASE("it goes on for as long as somebody writes, repaired or not, and is over when all is quiet") {
  auto quarrel = a_quarrel();
  quarrel.left_alone(start + 9s);
  CHECK(quarrel.going_on(start + 18s));
  CHECK_FALSE(quarrel.repaired("numad", start + 18s));  // no new one
  CHECK(quarrel.other() == "numad");
  CHECK(quarrel.going_on(start + 18s + Quarrel::quiet - 1ms));
  CHECK(quarrel.over_at() == start + 18s + Quarrel::quiet);
  CHECK_FALSE(quarrel.going_on(quarrel.over_at()));
  CHECK_FALSE(quarrel.repaired("numad", start + 60s));  // one repair after it makes none
  CHECK_FALSE(quarrel.going_on(start + 60s));
}

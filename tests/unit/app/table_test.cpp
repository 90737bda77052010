#include "table.hpp"

#include <catch2/catch_test_macros.hpp>

using actimanager::app::table;

TEST_CASE("columns are as wide as their widest cell, numbers stand to the right") {
  CHECK(table({{"NODE", "TOTAL", "WHY"}, {"a", "7", "x"}, {"longer", "100", ""}}) ==
        "NODE    TOTAL  WHY\n"
        "a           7  x\n"
        "longer    100\n");
  CHECK(table({{"PART"}, {"12.5%"}}) == " PART\n12.5%\n");
  CHECK(table({}).empty());
}

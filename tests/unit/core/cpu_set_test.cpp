#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <actimanager/core/cpu_set.hpp>

using namespace actimanager;

TEST_CASE("CpuSet parses the kernel's list format") {
  struct Row {
    const char* text;
    const char* canonical;
    int size;
  };
  const auto row = GENERATE(Row{"", "", 0}, Row{"0", "0", 1}, Row{"0-3,8", "0-3,8", 5},
                            Row{"8,0-3", "0-3,8", 5}, Row{"1,2,3", "1-3", 3}, Row{" 4 , 6-7\n", "4,6-7", 3},
                            Row{"63-64", "63-64", 2}, Row{"8191", "8191", 1}, Row{"0-8191", "0-8191", 8192});
  CAPTURE(row.text);
  const auto set = CpuSet::parse(row.text);
  REQUIRE(set);
  CHECK(set->to_string() == row.canonical);
  CHECK(set->size() == row.size);
}

TEST_CASE("CpuSet refuses what is not a list and names the part") {
  const auto text = GENERATE("x", "1,", ",1", "3-1", "-1", "1-", "0x1", "1 2", "8192",
                             "0-99999999999999999999", "1--2", "+1", "1;2");
  CAPTURE(text);
  const auto set = CpuSet::parse(text);
  REQUIRE_FALSE(set);
  CHECK_FALSE(set.error().context.empty());
}

TEST_CASE("CpuSet is an ordered set of ids") {
  CpuSet set{70, 1, 3, 1};
  CHECK(std::vector<CpuId>(set.begin(), set.end()) == std::vector{CpuId{1}, CpuId{3}, CpuId{70}});
  CHECK(set.first() == CpuId{1});
  CHECK(set.last() == CpuId{70});
  CHECK(set.contains(CpuId{70}));
  CHECK_FALSE(set.contains(CpuId{71}));
  CHECK_FALSE(set.contains(CpuId{-1}));
  set.erase(CpuId{70});
  CHECK(set == CpuSet{1, 3});
  set.erase(CpuId{5000});
  CHECK(set == CpuSet{1, 3});
  set.clear();
  CHECK(set.empty());
  CHECK(set.first() == std::nullopt);
  CHECK(set.last() == std::nullopt);
}

TEST_CASE("CpuSet algebra, with sets of different lengths") {
  const CpuSet low{0, 1, 2};
  const CpuSet high{2, 300};
  CHECK((low | high) == CpuSet{0, 1, 2, 300});
  CHECK((low & high) == CpuSet{2});
  CHECK((high & low) == CpuSet{2});
  CHECK((high - low) == CpuSet{300});
  CHECK((low - high) == CpuSet{0, 1});
  CHECK((high - CpuSet{300}) == CpuSet{2});
  CHECK(low.intersects(high));
  CHECK_FALSE(low.intersects(CpuSet{300}));
  CHECK(low.includes(CpuSet{0, 2}));
  CHECK_FALSE(low.includes(high));
  CHECK(low.includes(CpuSet{}));
  CHECK(low.count_common(high) == 1);
  CHECK(CpuSet::range(4, 7) == CpuSet{4, 5, 6, 7});
}

#include <catch2/catch_test_macros.hpp>

#include <actimanager/core/utf8.hpp>

using namespace actimanager;

TEST_CASE("text is cut between its characters") {
  CHECK(utf8_prefix("abc", 5) == "abc");
  CHECK(utf8_prefix("abc", 3) == "abc");
  CHECK(utf8_prefix("abc", 2) == "ab");
  CHECK(utf8_prefix("abc", 0).empty());
  CHECK(utf8_prefix("a\u20ac", 4) == "a\u20ac");  // three bytes
  CHECK(utf8_prefix("a\u20ac", 3) == "a");
  CHECK(utf8_prefix("a\u20ac", 2) == "a");
  CHECK(utf8_prefix("\u20ac", 1).empty());
  CHECK(utf8_prefix("\x80\x80\x80", 2).empty());  // no UTF-8 at all
}

#include "text.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace actimanager::topology;

TEST_CASE("bytes are told in the largest unit that they fill, with one digit behind the point") {
  CHECK(format_bytes(0) == "0 bytes");
  CHECK(format_bytes(1023) == "1023 bytes");
  CHECK(format_bytes(1024) == "1 KiB");
  CHECK(format_bytes(1536) == "1.5 KiB");
  CHECK(format_bytes(32ULL << 20) == "32 MiB");
  CHECK(format_bytes((16ULL << 30) + (512ULL << 20)) == "16.5 GiB");
  CHECK(format_bytes(~0ULL) == "15.9 EiB");
}

TEST_CASE("columns are what a terminal shows: code points, without colours") {
  CHECK(columns("") == 0);
  CHECK(columns("abc") == 3);
  CHECK(columns("├─ ·") == 4);
  CHECK(columns("\x1b[38;5;39m 0A\x1b[0m") == 3);
  CHECK(columns("ab\x1b[1") == 2);  // an escape that does not end
}

TEST_CASE("one thing is told in the singular") {
  CHECK(count(1, "core") == "1 core");
  CHECK(count(0, "core") == "0 cores");
  CHECK(count(12, "core") == "12 cores");
}

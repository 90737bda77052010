#include "memory.hpp"

#include <cstring>
#include <memory>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

using namespace actimanager;

// Sanitizers have a heap of their own, and keep what was freed to notice who still uses it.
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
TEST_CASE("memory that was freed between what is in use is given back") {
  constexpr std::size_t pieces = 4000, size = 16 * 1024;
  std::vector<std::unique_ptr<char[]>> burst, kept;
  for (std::size_t i = 0; i < pieces; ++i) {
    burst.push_back(std::make_unique<char[]>(size));
    std::memset(burst.back().get(), 1, size);
    kept.push_back(std::make_unique<char[]>(64));
  }
  const auto during = app::resident_memory();
  burst.clear();
  app::give_memory_back();
  CHECK(during - app::resident_memory() > pieces * size / 2);
}
#endif

TEST_CASE("code and constants are as they were after they were given back") {
  const auto text = [] {
    try {
      return nlohmann::json::parse(R"({"a": [1, 2.5, "x"]})").dump() + nlohmann::json::parse("{").dump();
    } catch (const std::exception& error) {  // unwinding reads tables of every library on its way
      return std::string(error.what());
    }
  };
  const auto before = text();
  for (int i = 0; i < 3; ++i) {
    app::give_memory_back();
    CHECK(text() == before);
  }
}

#include <functional>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include <actimanager/core/interner.hpp>

using namespace actimanager;

namespace {

struct Colliding {
  std::size_t operator()(const std::string&) const { return 0; }
};

Shared<std::string> text(int number) {
  return std::string("text ") + std::to_string(number);
}

}  // namespace

TEST_CASE("Interner: equal values become one, others stay apart, whatever their hashes") {
  Interner<std::string, Colliding> interner;
  auto first = text(1), again = text(1), other = text(2);
  for (auto* value : {&first, &again, &other}) interner.share(*value);
  CHECK(first.shares_with(again));
  CHECK_FALSE(first.shares_with(other));
  CHECK(*other == "text 2");
  CHECK(interner.size() == 2);

  Shared<std::string> none;
  interner.share(none);
  CHECK(none->empty());
  CHECK(interner.size() == 2);
}

TEST_CASE("Interner: what nobody has any more is forgotten, what somebody has is not") {
  Interner<std::string, std::hash<std::string>> interner;
  auto kept = text(-1);
  interner.share(kept);
  for (int i = 0; i < 10'000; ++i) {
    auto passing = text(i);
    interner.share(passing);
  }
  CHECK(interner.size() <= 128);
  auto again = text(-1);
  interner.share(again);
  CHECK(again.shares_with(kept));
}

#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include <actimanager/core/shared.hpp>

using namespace actimanager;

namespace {

using Words = Shared<std::vector<std::string>>;

const std::vector<std::string>& read(const Words& words) {
  return *words;
}

}  // namespace

TEST_CASE("Shared: copies share their value until one of them is changed") {
  Words first = std::vector<std::string>{"a", "b"};
  Words second = first;
  CHECK(second.shares_with(first));
  CHECK_FALSE(first.is_sole());
  CHECK(&read(first) == &read(second));

  second->push_back("c");
  CHECK_FALSE(second.shares_with(first));
  CHECK(read(first) == std::vector<std::string>{"a", "b"});
  CHECK(read(second) == std::vector<std::string>{"a", "b", "c"});
  CHECK(first.is_sole());

  const auto* before = &read(second);
  second[0] = "z";
  CHECK(&read(second) == before);  // its own already
  CHECK(read(second)[0] == "z");
}

TEST_CASE("Shared: an empty value is none at all, and becomes one when it is written") {
  const Words none;
  CHECK(none->empty());
  CHECK(Words(std::vector<std::string>{}).shares_with(none));
  CHECK(none.is_sole());
  Words copy = none;
  copy->emplace_back("a");
  CHECK(read(none).empty());
  CHECK(read(copy).size() == 1);
}

TEST_CASE("Shared: equal is what has equal values, shared or not") {
  const Words a = std::vector<std::string>{"a"}, same = std::vector<std::string>{"a"};
  CHECK_FALSE(a.shares_with(same));
  CHECK(a == same);
  CHECK(a == std::vector<std::string>{"a"});
  CHECK(a != Words());
  Words emptied = a;
  emptied->clear();
  CHECK(emptied == Words());
}

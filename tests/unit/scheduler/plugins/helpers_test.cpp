#include "plugins/helpers.hpp"

#include "plugin_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

TEST_CASE("scores are brought to a hundred in proportion to the highest, either way round") {
  const auto normalized = [](Scores scores, bool reverse) {
    normalize_to_highest(scores, reverse);
    return scores;
  };
  CHECK(normalized({}, false).empty());
  CHECK(normalized({0, 5, 10}, false) == Scores{0, 50, 100});
  CHECK(normalized({0, 5, 10}, true) == Scores{100, 50, 0});
  CHECK(normalized({0, 0}, false) == Scores{0, 0});
  CHECK(normalized({0, 0}, true) == Scores{100, 100});
}

TEST_CASE("a field that nobody knows is an error that names it") {
  const nlohmann::json args = {{"known", 1}, {"knwon", 2}};
  const api::JsonDocument document(args);
  api::JsonReader reader(document.root());
  only_fields(reader.root(), {"known", "other"});
  REQUIRE(reader.error());
  CHECK(reader.error()->context == "knwon: unknown field");
}

#include <set>
#include <string>

#include "plugin_bench.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

TEST_CASE("a toleration tolerates a taint") {
  struct Row {
    api::Toleration toleration;
    api::Taint taint;
    bool tolerated;
  };
  const Row rows[] = {
      {{"k", "Equal", "v", "NoSchedule", {}}, {"k", "v", "NoSchedule"}, true},
      {{"k", "", "v", "NoSchedule", {}}, {"k", "v", "NoSchedule"}, true},
      {{"k", "Equal", "w", "NoSchedule", {}}, {"k", "v", "NoSchedule"}, false},
      {{"k", "Equal", "v", "NoExecute", {}}, {"k", "v", "NoSchedule"}, false},
      {{"k", "Exists", "", "", {}}, {"k", "v", "NoSchedule"}, true},
      {{"k", "Exists", "", "", {}}, {"other", "v", "NoSchedule"}, false},
      {{"", "Exists", "", "", {}}, {"any", "v", "NoExecute"}, true},
      {{"", "Equal", "v", "", {}}, {"any", "v", "NoExecute"}, true},
      {{"k", "Gt", "3", "", {}}, {"k", "5", "NoSchedule"}, false},
  };
  for (const auto& row : rows) {
    CAPTURE(row.toleration.key, row.toleration.op, row.taint.key);
    CHECK(tolerates(row.toleration, row.taint) == row.tolerated);
  }
}

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

TEST_CASE("texts in a signature cannot be mistaken for each other's parts") {
  std::string ab, a_b;
  sign_text(ab, "a1:b");
  sign_text(a_b, "a");
  sign_text(a_b, "b");
  CHECK(ab != a_b);
  auto one = make_pod("p"), other = make_pod("p");
  one.spec->tolerations = {{"k", "Exists", "v", "", {}}};
  other.spec->tolerations = {{"k", "Exists", "", "v", {}}};
  std::string of_one, of_other;
  sign_tolerations(of_one, one);
  sign_tolerations(of_other, other);
  CHECK(of_one != of_other);
}

TEST_CASE("labels, selectors and node affinity are told apart by their signatures") {
  std::set<std::string> seen;
  const auto is_new = [&](auto sign, const auto& value) {
    std::string out;
    sign(out, value);
    return seen.insert(out).second;
  };
  CHECK(is_new(sign_labels, api::StringMap{}));
  CHECK(is_new(sign_labels, api::StringMap{{"a", "b"}}));
  CHECK(is_new(sign_labels, api::StringMap{{"a", "b"}, {"c", "d"}}));
  CHECK(is_new(sign_selector, api::LabelSelector{}));
  CHECK(is_new(sign_selector, api::LabelSelector{.given = true}));
  CHECK(is_new(sign_selector, api::LabelSelector::of({{"a", "b"}})));
  CHECK(is_new(sign_selector, api::LabelSelector{true, {{"a", "NotIn", {"b"}}}}));
  CHECK(is_new(sign_selector, api::LabelSelector{true, {{"a", "In", {"b", "c"}}}}));
  CHECK(is_new(sign_selector, api::LabelSelector{true, {{"a", "Exists", {}}}}));
  api::Pod pod;
  pod.spec->node_selector = {{"zone", "a"}};
  CHECK(is_new(sign_node_affinity, pod));
  pod.node_affinity->required.emplace();
  CHECK(is_new(sign_node_affinity, pod));
  pod.node_affinity->required->push_back({{{"zone", "In", {"a"}}}, {}});
  CHECK(is_new(sign_node_affinity, pod));
  pod.node_affinity->preferred = {{1, {{{"zone", "In", {"a"}}}, {}}}};
  CHECK(is_new(sign_node_affinity, pod));
}

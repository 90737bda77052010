#include "plugins/signing.hpp"

#include <set>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "fixtures.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

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

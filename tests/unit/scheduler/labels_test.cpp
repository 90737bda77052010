#include "labels.hpp"

#include <catch2/catch_test_macros.hpp>

#include "fixtures.hpp"

using namespace actimanager;
using namespace actimanager::scheduler;
using namespace actimanager::scheduler::testing;

TEST_CASE("names of labels are qualified names") {
  for (const auto* name : {"a", "A", "a-b_c.d", "example.com/a", "a.b-c.d/X_1", "0"}) {
    CAPTURE(name);
    CHECK(is_qualified_name(name));
  }
  for (const auto* name :
       {"", "-a", "a-", "a b", "/a", "a/", "a/b/c", "Example.com/a", "a..b/c", "-a.b/c", "a_b/c"}) {
    CAPTURE(name);
    CHECK_FALSE(is_qualified_name(name));
  }
  CHECK(is_qualified_name(std::string(63, 'a')));
  CHECK_FALSE(is_qualified_name(std::string(64, 'a')));
  CHECK_FALSE(is_qualified_name(std::string(254, 'a') + "/a"));
}

TEST_CASE("values of labels are names or empty") {
  CHECK(is_label_value(""));
  CHECK(is_label_value("a.B_c-1"));
  CHECK_FALSE(is_label_value("a/b"));
  CHECK_FALSE(is_label_value(std::string(64, 'a')));
}

TEST_CASE("integers are read as Go reads them") {
  CHECK(parse_int("0") == 0);
  CHECK(parse_int("+17") == 17);
  CHECK(parse_int("-17") == -17);
  CHECK(parse_int("9223372036854775807") == 9223372036854775807LL);
  for (const auto* text : {"", "+", "-", "+-1", "1.0", "0x1", " 1", "1 ", "9223372036854775808"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_int(text));
  }
}

TEST_CASE("what is wrong in a term is told by its path") {
  const auto why = [](api::NodeSelectorTerm term) { return malformed(term).value_or(""); };
  CHECK(why({{{"zone", "In", {"a"}}}, {{"metadata.name", "NotIn", {"n"}}}}).empty());
  CHECK(why({{{"zone", "In", {"a"}}, {"no name", "Exists", {}}}, {}}) ==
        "matchExpressions[1].key: \"no name\" is not a label's name");
  CHECK(why({{{"zone", "In", {"a b"}}}, {}}) == "matchExpressions[0].values: \"a b\" is not a label's value");
  CHECK(why({{{"zone", "In", {}}}, {}}) == "matchExpressions[0].values: operator In needs one or more");
  CHECK(why({{{"zone", "Exists", {"a"}}}, {}}) == "matchExpressions[0].values: operator Exists takes none");
  CHECK(why({{{"zone", "Gt", {"a"}}}, {}}) == "matchExpressions[0].values: operator Gt needs one integer");
  CHECK(why({{}, {{"metadata.name", "Exists", {}}}}) ==
        "matchFields[0].operator: \"Exists\" is not one of In, NotIn");
  CHECK(why({{}, {{"metadata.name", "In", {"a", "b"}}}}) == "matchFields[0].values: must have one element");
}

TEST_CASE("for a volume's terms a node has labels but no name") {
  auto node = make_node("n1");
  *node->meta.labels = {{"zone", "a"}};
  const auto match = [&](api::NodeSelectorTerm term) { return labels_match_any({std::move(term)}, *node); };
  CHECK(match({{{"zone", "In", {"a"}}}, {{"metadata.name", "In", {"another"}}}}));
  CHECK(match({{}, {{"metadata.name", "NotIn", {"n1"}}}}));
  CHECK_FALSE(match({{{"zone", "In", {"b"}}}, {{"metadata.name", "In", {"n1"}}}}));
  CHECK_FALSE(match({{}, {{"metadata.name", "Exists", {}}}}));  // malformed
  CHECK_FALSE(match({{}, {}}));
  CHECK_FALSE(labels_match_any({}, *node));
}

TEST_CASE("a Pod goes where its node selector and one of its terms match, both") {
  auto node = make_node("n1");
  *node->meta.labels = {{"zone", "a"}, {"disk", "ssd"}};
  auto pod = make_pod("p");
  CHECK(matches_required(pod, *node));
  pod.spec->node_selector = {{"disk", "ssd"}};
  pod.node_affinity->required = {{{{"zone", "In", {"b"}}}, {}}, {{{"zone", "Exists", {}}}, {}}};
  CHECK(matches_required(pod, *node));
  pod.node_affinity->required->pop_back();
  CHECK_FALSE(matches_required(pod, *node));
  pod.node_affinity->required->clear();  // terms, but none of them
  CHECK_FALSE(matches_required(pod, *node));
  pod.node_affinity->required.reset();
  pod.spec->node_selector["disk"] = "hdd";
  CHECK_FALSE(matches_required(pod, *node));
}

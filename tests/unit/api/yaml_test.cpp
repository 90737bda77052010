#include <catch2/catch_test_macros.hpp>

#include <actimanager/api/yaml.hpp>

using namespace actimanager;
using namespace actimanager::api;
using nlohmann::json;

TEST_CASE("scalars are what Kubernetes' reader takes them for") {
  const auto read = yaml_to_json(R"(
{n: null, tilde: ~, empty: , t: true, f: FALSE, i: -12, hex: 0x1f, real: 1.5, exponent: 1e3, text: on,
 quoted: "12", single: 'true', version: 1.2.3, dash: -, dot: ., inf: .inf})")
                        .value();
  CHECK(read == json{{"n", nullptr},
                     {"tilde", nullptr},
                     {"empty", nullptr},
                     {"t", true},
                     {"f", false},
                     {"i", -12},
                     {"hex", "0x1f"},
                     {"real", 1.5},
                     {"exponent", 1e3},
                     {"text", "on"},
                     {"quoted", "12"},
                     {"single", "true"},
                     {"version", "1.2.3"},
                     {"dash", "-"},
                     {"dot", "."},
                     {"inf", ".inf"}});
}

TEST_CASE("lists, maps and anchors are read, empty documents are passed over") {
  CHECK(yaml_to_json("a: &x [1, 2]\nb: *x\n").value() == json{{"a", {1, 2}}, {"b", {1, 2}}});
  CHECK(yaml_to_json("---\n---\na: 1\n---\n").value() == json{{"a", 1}});
  CHECK(yaml_to_json("").value() == nullptr);
  CHECK(yaml_to_json("# nothing\n").value() == nullptr);
}

TEST_CASE("mappings are merged where YAML says so") {
  const auto document = yaml_to_json(R"(
base: &base {a: 1, b: {c: 2}}
more: &more {a: 3, d: 4}
one: {<<: *base, a: 9}
several:
  <<: [*base, *more]
  e: 5
plain: {"<<": 1}
)");
  REQUIRE(document);
  CHECK((*document)["one"] == json{{"a", 9}, {"b", {{"c", 2}}}});
  CHECK((*document)["several"] == json{{"a", 1}, {"b", {{"c", 2}}}, {"d", 4}, {"e", 5}});
  CHECK((*document)["plain"] == json{{"<<", 1}});
  CHECK((*document)["base"] == json{{"a", 1}, {"b", {{"c", 2}}}});
  CHECK(yaml_to_json("a: {<<: 1}\n").error().context.ends_with("only mappings can be merged"));
}

TEST_CASE("what cannot be read is told by line and column") {
  const auto error = [](std::string_view text) { return yaml_to_json(text).error().context; };
  CHECK(error("a: 1\na: 2\n") == "line 2, column 1: this key is there twice");
  CHECK(error("a:\n  b: [1\n").starts_with("line 3, column 1: "));
  CHECK(error("[1, 2]: x\n") == "line 1, column 1: a key must be a plain text");
  CHECK(error("a: 1\n---\nb: 2\n") == "more than one YAML document");
  CHECK(error("a: *b\n") == "line 1, column 4: there is no anchor \"b\" before it");
  CHECK(error("a: &b [*b]\n").ends_with("there is no anchor \"b\" before it"));
  CHECK(error(std::string_view("a: 1\0\n", 6)) == "byte 5: control characters are not allowed");
  CHECK(error("a: \xff\n") == "byte 4: invalid leading UTF-8 octet");
}

TEST_CASE("text that expands beyond what a configuration can be is refused") {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const auto before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int n = 0; n < 10; ++n) bomb += before + (n < 9 ? ", " : "]\n");
  }
  CHECK(yaml_to_json(bomb).error().context.ends_with("too many values"));
  CHECK(yaml_to_json(std::string(200, '[') + std::string(200, ']'))
            .error()
            .context.ends_with("nested too deeply"));
}

TEST_CASE("a stream of documents is read as it comes") {
  CHECK(yaml_documents("a: 1\n---\n---\n{\"b\": [2]}\n").value() ==
        std::vector<json>{{{"a", 1}}, {{"b", {2}}}});
  CHECK(yaml_documents("").value().empty());
  CHECK(yaml_documents("[1, 2]\n---\n[3]\n", 5).value().size() == 2);
  CHECK(yaml_documents("[1, 2]\n---\n[3]\n", 4).error().context.ends_with("too many values"));
}

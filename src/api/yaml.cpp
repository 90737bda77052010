#include <charconv>
#include <cstdint>
#include <map>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <yaml.h>

#include <fmt/format.h>

#include <actimanager/api/yaml.hpp>

namespace actimanager::api {
namespace {

using nlohmann::json;

constexpr std::size_t max_depth = 100;
constexpr std::string_view merge_key = "<<";

std::string_view text_of(const yaml_char_t* text) {
  return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
}
std::string_view text_of(const yaml_event_t& scalar) {
  return {reinterpret_cast<const char*>(scalar.data.scalar.value), scalar.data.scalar.length};
}

bool is_text(const yaml_event_t& scalar) {
  const auto tag = text_of(scalar.data.scalar.tag);
  return tag.empty() ? scalar.data.scalar.style != YAML_PLAIN_SCALAR_STYLE
                     : tag == "!" || tag == YAML_STR_TAG;
}

json value_of(const yaml_event_t& scalar) {
  std::string text(text_of(scalar));
  if (is_text(scalar)) return text;
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return nullptr;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  const auto* end = text.data() + text.size();
  std::int64_t integer = 0;
  if (const auto [at, ec] = std::from_chars(text.data(), end, integer); ec == std::errc{} && at == end)
    return integer;
  const bool numeric = text.find_first_not_of("0123456789+-.eE") == std::string::npos;
  double real = 0;
  if (const auto [at, ec] = std::from_chars(text.data(), end, real);
      numeric && ec == std::errc{} && at == end) {
    return real;
  }
  return text;
}

std::string at(const yaml_mark_t& mark, std::string_view what) {
  return fmt::format("line {}, column {}: {}", mark.line + 1, mark.column + 1, what);
}

// Where something is wrong, and what. Thrown to be caught by yaml_documents().
struct Wrong {
  yaml_mark_t at;
  std::string what;
};

// Builds values from what a parser tells of.
class Builder {
 public:
  explicit Builder(int max_values) : values_left_(max_values) {}

  void take(const yaml_event_t& event) {
    switch (event.type) {
      case YAML_DOCUMENT_START_EVENT:
        anchors_.clear();
        break;
      case YAML_SCALAR_EVENT:
        if (takes_key()) return begin_member(event);
        count(event, 1);
        return end_value(event.start_mark, {value_of(event), 1}, text_of(event.data.scalar.anchor));
      case YAML_SEQUENCE_START_EVENT:
        return begin(event, json::array(), text_of(event.data.sequence_start.anchor));
      case YAML_MAPPING_START_EVENT:
        return begin(event, json::object(), text_of(event.data.mapping_start.anchor));
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        return end();
      case YAML_ALIAS_EVENT:
        return repeat(event);
      default:
        break;
    }
  }
  std::vector<json> documents() && { return std::move(documents_); }

 private:
  struct Value {
    json value;
    int size;  // values in it, itself among them
  };
  struct Member {
    std::string key;
    bool merges;
  };
  // A list or an object that has begun.
  struct Open {
    Value value;
    yaml_mark_t at;
    std::string anchor;
    std::optional<Member> member;  // of an object: whose value comes next
    std::vector<json> merged;
  };

  bool takes_key() const {
    return !open_.empty() && open_.back().value.value.is_object() && !open_.back().member;
  }

  void count(const yaml_event_t& event, int values) {
    if (values > values_left_) throw Wrong{event.start_mark, "too many values"};
    values_left_ -= values;
  }

  void begin_member(const yaml_event_t& event) {
    auto& object = open_.back();
    Member member{std::string(text_of(event)), text_of(event) == merge_key && !is_text(event)};
    if (!member.merges && object.value.value.contains(member.key))
      throw Wrong{event.start_mark, "this key is there twice"};
    object.member = std::move(member);
  }

  void begin(const yaml_event_t& event, json empty, std::string_view anchor) {
    if (takes_key()) throw Wrong{event.start_mark, "a key must be a plain text"};
    if (open_.size() > max_depth) throw Wrong{event.start_mark, "nested too deeply"};
    count(event, 1);
    open_.push_back({{std::move(empty), 1}, event.start_mark, std::string(anchor), std::nullopt, {}});
  }

  void end() {
    auto done = std::move(open_.back());
    open_.pop_back();
    // What the object has, or an earlier one of those merged, stays.
    for (auto& each : done.merged)
      for (auto& [key, value] : each.items())
        if (!done.value.value.contains(key)) done.value.value[key] = std::move(value);
    end_value(done.at, std::move(done.value), done.anchor);
  }

  void repeat(const yaml_event_t& event) {
    if (takes_key()) throw Wrong{event.start_mark, "a key must be a plain text"};
    const auto known = anchors_.find(text_of(event.data.alias.anchor));
    if (known == anchors_.end()) {
      throw Wrong{event.start_mark,
                  fmt::format("there is no anchor \"{}\" before it", text_of(event.data.alias.anchor))};
    }
    count(event, known->second.size);
    end_value(event.start_mark, known->second, {});
  }

  void end_value(const yaml_mark_t& at, Value value, std::string_view anchor) {
    if (!anchor.empty()) anchors_.insert_or_assign(std::string(anchor), value);
    if (open_.empty()) {
      if (!value.value.is_null()) documents_.push_back(std::move(value.value));
      return;
    }
    auto& parent = open_.back();
    parent.value.size += value.size;
    if (parent.value.value.is_array()) {
      parent.value.value.push_back(std::move(value.value));
      return;
    }
    const auto member = *std::exchange(parent.member, std::nullopt);
    if (member.merges) return merge(at, std::move(value.value), parent.merged);
    parent.value.value[member.key] = std::move(value.value);
  }

  // A mapping, or several.
  static void merge(const yaml_mark_t& at, json value, std::vector<json>& merged) {
    auto several = value.is_array() ? std::move(value) : json::array({std::move(value)});
    for (auto& each : several) {
      if (!each.is_object()) throw Wrong{at, "only mappings can be merged"};
      merged.push_back(std::move(each));
    }
  }

  int values_left_;
  std::vector<Open> open_;  // each in the one before it
  std::map<std::string, Value, std::less<>> anchors_;
  std::vector<json> documents_;
};

struct Parser {
  explicit Parser(std::string_view text) {
    if (yaml_parser_initialize(&raw) == 0) throw std::bad_alloc();
    yaml_parser_set_input_string(&raw, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  }
  ~Parser() { yaml_parser_delete(&raw); }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  // Of characters that are none it knows the byte alone.
  std::string problem() const {
    const auto* what = raw.problem == nullptr ? "not YAML" : raw.problem;
    return raw.error == YAML_READER_ERROR ? fmt::format("byte {}: {}", raw.problem_offset + 1, what)
                                          : at(raw.problem_mark, what);
  }

  yaml_parser_t raw{};
};

struct Event {
  Event() = default;
  ~Event() { yaml_event_delete(&raw); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  yaml_event_t raw{};
};

}  // namespace

Result<std::vector<json>> yaml_documents(std::string_view text, int max_values) {
  Parser parser(text);
  Builder builder(max_values);
  try {
    while (true) {
      Event event;
      if (yaml_parser_parse(&parser.raw, &event.raw) == 0)
        return fail(Errc::invalid_argument, parser.problem());
      if (event.raw.type == YAML_STREAM_END_EVENT) return std::move(builder).documents();
      builder.take(event.raw);
    }
  } catch (const Wrong& wrong) {
    return fail(Errc::invalid_argument, at(wrong.at, wrong.what));
  }
}

Result<json> yaml_to_json(std::string_view text) {
  auto documents = yaml_documents(text);
  if (!documents) return fail(std::move(documents.error()));
  if (documents->size() > 1) return fail(Errc::invalid_argument, "more than one YAML document");
  return documents->empty() ? json() : std::move(documents->front());
}

}  // namespace actimanager::api

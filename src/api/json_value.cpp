#include <algorithm>
#include <optional>
#include <simdjson.h>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <actimanager/api/json_value.hpp>

namespace actimanager::api {
namespace {

using Kind = JsonValue::Kind;

// Parsing takes 14 times a text's length. Long ones are rare: what was needed for one is not kept for the
// next.
constexpr std::size_t kept_capacity = 32 << 10;

}  // namespace

const JsonValue* JsonValue::find(std::string_view member) const {
  if (kind != Kind::object) return nullptr;
  for (const auto& value : *this) {
    if (value.key == member) return &value;
  }
  return nullptr;
}

std::string_view JsonValue::text_of(std::string_view member) const {
  const auto* value = find(member);
  return value != nullptr && value->kind == Kind::string ? value->string : std::string_view();
}

struct JsonDocument::Impl {
  simdjson::dom::parser parser;  // has the strings
  std::vector<JsonValue> values;

  JsonValue& add(std::string_view key, Kind kind) {
    return values.emplace_back(JsonValue{.kind = kind, .key = key});
  }
  void close(std::size_t start) { values[start].extent = static_cast<std::uint32_t>(values.size() - start); }

  void take(simdjson::dom::element element, std::string_view key) {
    using Type = simdjson::dom::element_type;
    switch (element.type()) {
      case Type::OBJECT: {
        const auto start = values.size();
        add(key, Kind::object);
        for (const auto& [name, member] : element.get_object().value_unsafe()) take(member, name);
        return close(start);
      }
      case Type::ARRAY: {
        const auto start = values.size();
        add(key, Kind::list);
        for (const auto item : element.get_array().value_unsafe()) take(item, {});
        return close(start);
      }
      case Type::STRING:
        add(key, Kind::string).string = element.get_string().value_unsafe();
        return;
      case Type::INT64:
        add(key, Kind::integer).integer = element.get_int64().value_unsafe();
        return;
      case Type::UINT64:  // only those that are no INT64
        add(key, Kind::large);
        return;
      case Type::DOUBLE:
        add(key, Kind::real);
        return;
      case Type::BOOL:
        add(key, Kind::boolean).boolean = element.get_bool().value_unsafe();
        return;
      case Type::NULL_VALUE:
        add(key, Kind::null);
        return;
    }
  }

  // Not by recursion: what a file has may be nested without end.
  void take(const nlohmann::json& root) {
    struct Open {
      std::size_t start;
      nlohmann::json::const_iterator next, end;
    };
    std::vector<Open> open;
    const auto enter = [&](const nlohmann::json& json, std::string_view key) {
      const auto start = values.size();
      take_one(json, key);
      if (json.is_structured()) open.push_back({start, json.begin(), json.end()});
    };
    enter(root, {});
    while (!open.empty()) {
      auto& inner = open.back();
      if (inner.next == inner.end) {
        close(inner.start);
        open.pop_back();
        continue;
      }
      const auto at = inner.next++;
      enter(*at, values[inner.start].kind == Kind::object ? std::string_view(at.key()) : std::string_view());
    }
  }

  void take_one(const nlohmann::json& json, std::string_view key) {
    using Type = nlohmann::json::value_t;
    switch (json.type()) {
      case Type::object:
        add(key, Kind::object);
        return;
      case Type::array:
        add(key, Kind::list);
        return;
      case Type::string:
        add(key, Kind::string).string = json.get_ref<const std::string&>();
        return;
      case Type::boolean:
        add(key, Kind::boolean).boolean = json.get<bool>();
        return;
      case Type::number_integer:
        add(key, Kind::integer).integer = json.get<std::int64_t>();
        return;
      case Type::number_unsigned:
        if (std::in_range<std::int64_t>(json.get<std::uint64_t>())) {
          add(key, Kind::integer).integer = json.get<std::int64_t>();
        } else {
          add(key, Kind::large);
        }
        return;
      case Type::number_float:
        add(key, Kind::real);
        return;
      case Type::null:
      case Type::binary:
      case Type::discarded:
        add(key, Kind::null);
    }
  }
};

JsonDocument::JsonDocument() : impl_(std::make_unique<Impl>()) {
  impl_->add({}, Kind::null);
}
JsonDocument::JsonDocument(const nlohmann::json& json) : impl_(std::make_unique<Impl>()) {
  impl_->take(json);
}
JsonDocument::~JsonDocument() = default;
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;

Result<void> JsonDocument::parse(std::string_view text) {
  if (impl_->parser.capacity() > kept_capacity) *this = JsonDocument();
  auto& values = impl_->values;
  values.clear();
  simdjson::dom::element root;
  if (const auto error = impl_->parser.parse(text.data(), text.size()).get(root)) {
    impl_->add({}, Kind::null);
    return fail(Errc::invalid_argument, fmt::format("this is no JSON: {}", simdjson::error_message(error)));
  }
  impl_->take(root, {});
  return {};
}

const JsonValue& JsonDocument::root() const {
  return impl_->values.front();
}

}  // namespace actimanager::api

// JsonDocument: JSON as it was read, its values in one block of memory: quick to make from an API server's
// text, and to walk through. What a JsonReader decodes from; JSON to be written is nlohmann::json.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include <actimanager/core/error.hpp>

namespace actimanager::api {

// One value; those in it follow it. Exists as long as its document, until that parses something else.
struct JsonValue {
  enum class Kind : std::uint8_t {
    null,
    boolean,
    integer,
    large,  // an integer above those that `integer` holds
    real,
    string,
    list,
    object,
  };

  Kind kind = Kind::null;
  bool boolean = false;
  std::uint32_t extent = 1;  // how many values this is, with all in it
  std::int64_t integer = 0;
  std::string_view string;
  std::string_view key;  // its name, where it is a member of an object

  // A range of the values in a list or an object, without those in them.
  class Iterator;
  Iterator begin() const;
  Iterator end() const;
  bool empty() const { return extent == 1; }
  // A member of an object; nullptr: there is none, or this is no object.
  const JsonValue* find(std::string_view member) const;
  // The text of a member that is a string; "": it is not there, or is none.
  std::string_view text_of(std::string_view member) const;
  // Whether the other is this one, or in it, however deep.
  bool contains(const JsonValue& other) const { return this <= &other && &other < this + extent; }
};

class JsonValue::Iterator {
 public:
  using value_type = JsonValue;
  using difference_type = std::ptrdiff_t;

  Iterator() = default;
  explicit Iterator(const JsonValue* at) : at_(at) {}

  const JsonValue& operator*() const { return *at_; }
  const JsonValue* operator->() const { return at_; }
  Iterator& operator++() {
    at_ += at_->extent;
    return *this;
  }
  Iterator operator++(int) {
    auto before = *this;
    ++*this;
    return before;
  }
  bool operator==(const Iterator&) const = default;

 private:
  const JsonValue* at_ = nullptr;
};

inline JsonValue::Iterator JsonValue::begin() const {
  return Iterator(this + 1);
}
inline JsonValue::Iterator JsonValue::end() const {
  return Iterator(this + extent);
}

class JsonDocument {
 public:
  // null
  JsonDocument();
  // Of JSON that outlives it.
  explicit JsonDocument(const nlohmann::json& json);
  ~JsonDocument();
  JsonDocument(JsonDocument&&) noexcept;
  JsonDocument& operator=(JsonDocument&&) noexcept;

  // Takes the place of what was there, and need not outlive it. Error: invalid_argument: this is no JSON (it
  // is null then).
  Result<void> parse(std::string_view text);

  const JsonValue& root() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace actimanager::api

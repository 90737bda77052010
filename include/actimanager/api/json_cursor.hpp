// JsonCursor: reads a JSON document of unknown honesty field by field. Absent and null fields read as
// defaults; a field of the wrong type is an error that names its path ("spec.cpuSet[2].cpuID: expected an
// integer"). The first error sticks and every later read yields a default, so decoders are straight-line
// code:
//
//   JsonReader reader(object);
//   pod.name = reader.root()["metadata"]["name"].string();
//   return reader.finish(std::move(pod));
//
// Works on a document that outlives it. Costs nothing on success beyond the reads themselves.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <actimanager/api/json_value.hpp>
#include <actimanager/core/error.hpp>

namespace actimanager::api {

class JsonReader;

class JsonCursor {
 public:
  // Present, and not null.
  explicit operator bool() const { return value_ != nullptr && value_->kind != JsonValue::Kind::null; }
  // nullptr: absent.
  const JsonValue* value() const { return value_; }

  JsonCursor operator[](std::string_view key) const;

  std::string string(std::string_view fallback = "") const;
  bool boolean(bool fallback = false) const;
  std::int64_t integer(std::int64_t fallback = 0) const;
  // An integer in [min, max]; another one is an error.
  std::int64_t integer_between(std::int64_t min, std::int64_t max, std::int64_t fallback) const;

  // Calls `visit(cursor)` for each item of an array.
  template <class Visit>
  void each(Visit visit) const {
    if (!expect(JsonValue::Kind::list, "a list")) return;
    for (const auto& item : *value_) visit(JsonCursor(&item, reader_));
  }
  // Calls `visit(key, cursor)` for each member of an object.
  template <class Visit>
  void each_member(Visit visit) const {
    if (!expect(JsonValue::Kind::object, "an object")) return;
    for (const auto& member : *value_) visit(member.key, JsonCursor(&member, reader_));
  }

  // Records "<path>: <what>" unless an error is recorded already.
  void fail(std::string_view what) const;

 private:
  friend class JsonReader;
  JsonCursor(const JsonValue* value, JsonReader* reader) : value_(value), reader_(reader) {}
  // Present and of this kind; a present value of another kind is an error.
  bool expect(JsonValue::Kind kind, std::string_view what) const;

  const JsonValue* value_;
  JsonReader* reader_;
};

// Paths begin at its root, which may be a part of a document.
class JsonReader {
 public:
  explicit JsonReader(const JsonValue& root) : root_(&root) {}
  JsonReader(const JsonReader&) = delete;
  JsonReader& operator=(const JsonReader&) = delete;

  JsonCursor root() { return {root_, this}; }
  const std::optional<Error>& error() const { return error_; }

  // The decoded value, or the first error met.
  template <class T>
  Result<T> finish(T value) {
    if (error_) return actimanager::fail(std::move(*error_));
    return value;
  }

 private:
  friend class JsonCursor;
  const JsonValue* root_;
  std::optional<Error> error_;
};

// Of an object that is no document yet.
template <class T>
Result<T> decode(const nlohmann::json& object) {
  const JsonDocument document(object);
  return T::decode(document.root());
}

}  // namespace actimanager::api

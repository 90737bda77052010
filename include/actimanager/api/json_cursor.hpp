// JsonCursor: reads a JSON document of unknown honesty field by field. Absent and null fields read as
// defaults; a field of the wrong type is an error that names its path ("spec.cpuSet[2].cpuID: expected an
// integer"). The first error sticks and every later read yields a default, so decoders are straight-line
// code:
//
//   JsonDocument document(json);
//   pod.name = document.root()["metadata"]["name"].string();
//   return document.finish(std::move(pod));
//
// Works on a document that outlives it. Costs nothing on success beyond the reads themselves.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include <actimanager/core/error.hpp>

namespace actimanager::api {

class JsonDocument;

class JsonCursor {
 public:
  // Absent or null.
  explicit operator bool() const { return value_ != nullptr && !value_->is_null(); }
  const nlohmann::json* value() const { return value_; }

  JsonCursor operator[](std::string_view key) const;

  std::string string(std::string_view fallback = "") const;
  bool boolean(bool fallback = false) const;
  std::int64_t integer(std::int64_t fallback = 0) const;
  // An integer in [min, max]; another one is an error.
  std::int64_t integer_between(std::int64_t min, std::int64_t max, std::int64_t fallback) const;

  // Calls `visit(cursor)` for each item of an array.
  template <class Visit>
  void each(Visit visit) const {
    if (!expect(nlohmann::json::value_t::array, "a list")) return;
    for (const auto& item : *value_) visit(JsonCursor(&item, document_));
  }
  // Calls `visit(key, cursor)` for each member of an object.
  template <class Visit>
  void each_member(Visit visit) const {
    if (!expect(nlohmann::json::value_t::object, "an object")) return;
    for (auto it = value_->begin(); it != value_->end(); ++it)
      visit(it.key(), JsonCursor(&it.value(), document_));
  }

  // Records "<path>: <what>" unless an error is recorded already.
  void fail(std::string_view what) const;

 private:
  friend class JsonDocument;
  JsonCursor(const nlohmann::json* value, JsonDocument* document) : value_(value), document_(document) {}
  // Present and of this type; a present value of another type is an error.
  bool expect(nlohmann::json::value_t type, std::string_view what) const;

  const nlohmann::json* value_;
  JsonDocument* document_;
};

class JsonDocument {
 public:
  explicit JsonDocument(const nlohmann::json& root) : root_(&root) {}
  JsonDocument(const JsonDocument&) = delete;
  JsonDocument& operator=(const JsonDocument&) = delete;

  JsonCursor root() { return {root_, this}; }
  const std::optional<Error>& error() const { return error_; }

  // The decoded value, or the first error met.
  template <class T>
  Result<T> finish(T value) && {
    if (error_) return actimanager::fail(std::move(*error_));
    return value;
  }

 private:
  friend class JsonCursor;
  const nlohmann::json* root_;
  std::optional<Error> error_;
};

}  // namespace actimanager::api

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include <actimanager/api/json_cursor.hpp>

namespace actimanager::api {
namespace {

using Kind = JsonValue::Kind;

bool is_plain(std::string_view key) {
  return !key.empty() && key.find_first_of("./[]\" ") == std::string_view::npos &&
         (key.front() < '0' || key.front() > '9');
}

// The path of `target` below `root`, found by address: only errors pay for paths.
std::string path_of(const JsonValue& root, const JsonValue* target) {
  std::string path;
  const auto* outer = &root;
  while (outer != target) {
    const auto inner =
        std::ranges::find_if(*outer, [&](const JsonValue& value) { return value.contains(*target); });
    if (inner == outer->end()) return path;  // it is not there
    if (outer->kind == Kind::list) {
      path += fmt::format("[{}]", std::ranges::distance(outer->begin(), inner));
    } else if (is_plain(inner->key)) {
      path += fmt::format("{}{}", path.empty() ? "" : ".", inner->key);
    } else {
      path += fmt::format("[\"{}\"]", inner->key);
    }
    outer = &*inner;
  }
  return path;
}

}  // namespace

JsonCursor JsonCursor::operator[](std::string_view key) const {
  if (!expect(Kind::object, "an object")) return {nullptr, reader_};
  return {value_->find(key), reader_};
}

std::string JsonCursor::string(std::string_view fallback) const {
  return std::string(expect(Kind::string, "a string") ? value_->string : fallback);
}

bool JsonCursor::boolean(bool fallback) const {
  return expect(Kind::boolean, "true or false") ? value_->boolean : fallback;
}

std::int64_t JsonCursor::integer(std::int64_t fallback) const {
  if (*this && value_->kind == Kind::large) {
    fail("is too large");
    return fallback;
  }
  return expect(Kind::integer, "an integer") ? value_->integer : fallback;
}

std::int64_t JsonCursor::integer_between(std::int64_t min, std::int64_t max, std::int64_t fallback) const {
  const auto number = integer(fallback);
  if (*this && (number < min || number > max)) {
    fail(fmt::format("{} is not between {} and {}", number, min, max));
    return fallback;
  }
  return number;
}

bool JsonCursor::expect(Kind kind, std::string_view what) const {
  if (!*this) return false;
  if (value_->kind == kind) return true;
  fail(fmt::format("expected {}", what));
  return false;
}

void JsonCursor::fail(std::string_view what) const {
  if (reader_->error_) return;
  const auto path = value_ == nullptr ? std::string() : path_of(*reader_->root_, value_);
  reader_->error_ =
      Error{Errc::invalid_argument, path.empty() ? std::string(what) : fmt::format("{}: {}", path, what)};
}

}  // namespace actimanager::api

#include <limits>

#include <fmt/format.h>

#include <actimanager/api/json_cursor.hpp>

namespace actimanager::api {
namespace {

using nlohmann::json;

// Deeper than any field that is read; a document may be nested as deep as its sender likes.
constexpr int max_depth = 40;

// The path of `target` below `value`, found by address: only errors pay for paths.
bool find_path(const json& value, const json* target, std::string& path, int depth = 0) {
  if (&value == target) return true;
  if (depth == max_depth) return false;
  const auto length = path.size();
  if (value.is_object()) {
    for (auto it = value.begin(); it != value.end(); ++it) {
      const bool plain = it.key().find_first_of("./[]\" ") == std::string::npos && !it.key().empty() &&
                         (it.key().front() < '0' || it.key().front() > '9');
      path += plain ? (length == 0 ? it.key() : "." + it.key()) : fmt::format("[\"{}\"]", it.key());
      if (find_path(it.value(), target, path, depth + 1)) return true;
      path.resize(length);
    }
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      path += fmt::format("[{}]", i);
      if (find_path(value[i], target, path, depth + 1)) return true;
      path.resize(length);
    }
  }
  return false;
}

}  // namespace

JsonCursor JsonCursor::operator[](std::string_view key) const {
  if (!expect(json::value_t::object, "an object")) return {nullptr, document_};
  const auto it = value_->find(key);
  return {it == value_->end() ? nullptr : &*it, document_};
}

std::string JsonCursor::string(std::string_view fallback) const {
  if (!expect(json::value_t::string, "a string")) return std::string(fallback);
  return value_->get_ref<const std::string&>();
}

bool JsonCursor::boolean(bool fallback) const {
  if (!expect(json::value_t::boolean, "true or false")) return fallback;
  return value_->get<bool>();
}

std::int64_t JsonCursor::integer(std::int64_t fallback) const {
  if (!*this) return fallback;
  if (value_->is_number_unsigned() &&
      value_->get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    fail("is too large");
    return fallback;
  }
  if (!value_->is_number_integer()) {
    fail("expected an integer");
    return fallback;
  }
  return value_->get<std::int64_t>();
}

std::int64_t JsonCursor::integer_between(std::int64_t min, std::int64_t max, std::int64_t fallback) const {
  const auto number = integer(fallback);
  if (*this && (number < min || number > max)) {
    fail(fmt::format("{} is not between {} and {}", number, min, max));
    return fallback;
  }
  return number;
}

bool JsonCursor::expect(json::value_t type, std::string_view what) const {
  if (!*this) return false;
  if (value_->type() == type) return true;
  fail(fmt::format("expected {}", what));
  return false;
}

void JsonCursor::fail(std::string_view what) const {
  if (document_->error_) return;
  std::string path;
  find_path(*document_->root_, value_, path);
  document_->error_ =
      Error{Errc::invalid_argument, path.empty() ? std::string(what) : fmt::format("{}: {}", path, what)};
}

}  // namespace actimanager::api
